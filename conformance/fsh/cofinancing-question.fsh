// M17, fråga om samfinansiering: the need on both sides, the share that is asked for, and why.

Profile: CofinancingQuestionMessage
Parent: ClosedBundle
Id: cofinancing-question-message
Title: "Co-financing question / Fråga om samfinansiering"
Description: "Fråga om samfinansiering, both ways; the municipality asks."
* . ^comment = "domain §1 M17"
* insert ClosedEntries
* entry contains question 1..1 and board 1..1 and caseWorker 1..1
* entry[header].resource only CofinancingQuestionHeader
* entry[patient].resource only SlussSubject
* entry[question] ^short = "The question"
* entry[question].resource only CofinancingQuestionTask
* entry[board] ^short = "The board that asks"
* entry[board].resource only SlussUnit
* entry[caseWorker] ^short = "The case worker"
* entry[caseWorker].resource only SlussPerson

Profile: CofinancingQuestionHeader
Parent: CofinancingHeader
Id: cofinancing-question-header
Title: "Co-financing question: header / Fråga om samfinansiering: kuvert"
Description: "Envelope of cofinancing-question."
* . ^comment = "domain §1 M17"
* event[x] = Event#cofinancing-question
  * ^short = "Event code"

Profile: CofinancingQuestionTask
Parent: CofinancingTask
Id: cofinancing-question-task
Title: "Co-financing question: task / Fråga om samfinansiering: uppgift"
Description: "Who asks, what for, and by when an answer is wished for."
* . ^comment = "domain §1 M17"
* extension contains CaseWorkerReference named caseWorker 1..1
  * ^slicing.rules = #closed
* extension[caseWorker] ^short = "Whom to talk to at the board"
* status = #requested
  * ^short = "An answer is asked for"
* authoredOn 1..
  * ^short = "When it was asked"
* requester 1..
* requester only Reference(Organization)
  * ^short = "The board that asks"
* requester.reference 1..
  * ^short = "The Organization of this message"
* restriction ^short = "By when"
* restriction.repetitions ..0
  * ^short = "Not sent"
* restriction.period 1..
  * ^short = "By when"
* restriction.period.start ..0
  * ^short = "Not sent"
* restriction.period.end 1..
* restriction.period.end obeys day-1
  * ^short = "Day by which an answer is wished for"
* restriction.recipient ..0
  * ^short = "Not sent"
* insert Parts(input)
* input contains regionNeed 1..1 and municipalityNeed 1..1 and regionShare 1..1 and reason 1..1
* insert TextPart(input, regionNeed, region-need, [[Need on the region's side]], 4000)
* insert TextPart(input, municipalityNeed, municipality-need, [[Need on the municipality's side]], 4000)
* insert SharePart(input)
* insert TextPart(input, reason, reason, [[Why the cost is to be shared]], 4000)
* insert Absent(businessStatus)
* insert Absent(owner)
* insert Absent(output)

Extension: CaseWorkerReference
Id: case-worker-reference
Title: "Case worker of a task / Handläggare"
Description: "The case worker of the board that asks."
Context: Task
* . ^comment = "domain §1 M17"
* value[x] 1..
* value[x] only Reference(Practitioner)
  * ^short = "The Practitioner of this message"

Instance: CofinancingQuestion
InstanceOf: MessageDefinition
Usage: #definition
Id: cofinancing-question
Title: "Co-financing question / Fråga om samfinansiering"
Description: "M17, both ways: will the other side share the cost?"
* category = #consequence
* allowedResponse[0].message = Canonical(cofinancing-answer)
