// What question and answer about co-financing share (M17): a task for the child, with parts that are told apart by
// their code.

Profile: CofinancingTask
Parent: Task
Id: cofinancing-task
Title: "Co-financing / Samfinansiering"
Description: "A question about sharing a cost, or its answer."
* ^abstract = true
* . ^comment = "domain §1 M17"
* . obeys words-1
* intent = #proposal
  * ^short = "A proposal until both sides agree"
* for 1..
* for only Reference(Patient)
  * ^short = "The child or young person"
* for.reference 1..
  * ^short = "The Patient of this message"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(groupIdentifier)
* insert Absent(partOf)
* insert Absent(statusReason)
* insert Absent(priority)
* insert Absent(code)
* insert Absent(description)
* insert Absent(focus)
* insert Absent(encounter)
* insert Absent(executionPeriod)
* insert Absent(lastModified)
* insert Absent(performerType)
* insert Absent(location)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(insurance)
* insert Absent(note)
* insert Absent(relevantHistory)

Profile: CofinancingHeader
Parent: ClosedHeader
Id: cofinancing-header
Title: "Co-financing: header / Samfinansiering: kuvert"
Description: "The header is about the task."
* ^abstract = true
* . ^comment = "domain §1 M17"
* focus only Reference(Task)
  * ^short = "The question or the answer"

// Parts of a question (input) or an answer (output), told apart by their code, and no others.
RuleSet: Parts(element)
* {element} ^slicing.discriminator.type = #value
  * ^slicing.discriminator.path = "type"
  * ^slicing.rules = #closed
  * ^short = "Its parts"

RuleSet: TextPart(element, slice, code, title, length)
* {element}[{slice}] ^short = "{title}"
* {element}[{slice}].type = CofinancingPart#{code}
* {element}[{slice}].value[x] only string
  * ^maxLength = {length}

RuleSet: SharePart(element)
* {element}[regionShare] ^short = "The region's share in percent"
* {element}[regionShare] obeys m17-1
* {element}[regionShare].type = CofinancingPart#region-share
* {element}[regionShare].value[x] only integer

Invariant: m17-1
Description: "A share is between 0 and 100 percent / En andel är mellan 0 och 100 procent"
Severity: #error
Expression: "value >= 0 and value <= 100"
