// M17, svar om samfinansiering: accepted, refused with the reason, or to be discussed with the one who decides.

Profile: CofinancingAnswerMessage
Parent: ClosedBundle
Id: cofinancing-answer-message
Title: "Co-financing answer / Svar om samfinansiering"
Description: "Svar om samfinansiering, both ways."
* . ^comment = "domain §1 M17"
* insert ClosedEntries
* entry contains answer 1..1 and unit 1..1
* entry[header].resource only CofinancingAnswerHeader
* entry[patient].resource only SlussSubject
* entry[answer] ^short = "The answer"
* entry[answer].resource only CofinancingAnswerTask
* entry[unit] ^short = "The unit that answers"
* entry[unit].resource only SlussUnit

Profile: CofinancingAnswerHeader
Parent: CofinancingHeader
Id: cofinancing-answer-header
Title: "Co-financing answer: header / Svar om samfinansiering: kuvert"
Description: "Envelope of cofinancing-answer; it names the question that it answers."
* . ^comment = "domain §1 M17"
* event[x] = Event#cofinancing-answer
  * ^short = "Event code"
* response 1..
  * ^short = "The question that is answered"
* response.code = #ok
  * ^short = "An answer in substance"

Profile: CofinancingAnswerTask
Parent: CofinancingTask
Id: cofinancing-answer-task
Title: "Co-financing answer: task / Svar om samfinansiering: uppgift"
Description: "The answer, and what it needs beside it."
* . ^comment = "domain §1 M17"
* . obeys m17-2 and m17-3 and m17-4 and m17-5
* status = #completed
  * ^short = "The question is answered"
* businessStatus 1..
* businessStatus from CofinancingAnswer (required)
  * ^short = "The answer"
* owner 1..
* owner only Reference(Organization)
  * ^short = "The unit that answers"
* owner.reference 1..
  * ^short = "The Organization of this message"
* insert Parts(output)
* output contains reason 0..1 and decider 0..1 and deciderRole 0..1 and regionShare 0..1
* insert TextPart(output, reason, reason, [[Why it is refused]], 4000)
* insert TextPart(output, decider, decider, [[Who decides]], 200)
* insert TextPart(output, deciderRole, decider-role, [[Role of the one who decides]], 4000)
* insert SharePart(output)
* insert Absent(extension)
* insert Absent(authoredOn)
* insert Absent(requester)
* insert Absent(restriction)
* insert Absent(input)

Invariant: m17-2
Description: "A refusal has its reason, and nothing else has one / Ett avslag har ett skäl, inget annat svar har det"
Severity: #error
Expression: "(businessStatus.coding.code = 'refused') = output.type.coding.where(code = 'reason').exists()"

Invariant: m17-3
Description: "What is to be discussed names the one who decides, and nothing else does / Vid fortsatt diskussion anges vem som beslutar, annars inte"
Severity: #error
Expression: "(businessStatus.coding.code = 'to-be-discussed') = output.type.coding.where(code = 'decider').exists()"

Invariant: m17-4
Description: "A role is that of the one who decides / En roll hör till den som beslutar"
Severity: #error
Expression: "output.type.coding.where(code = 'decider-role').exists() implies output.type.coding.where(code = 'decider').exists()"

Invariant: m17-5
Description: "A share is told only when it is accepted / En andel anges bara när den är accepterad"
Severity: #error
Expression: "output.type.coding.where(code = 'region-share').exists() implies businessStatus.coding.code = 'accepted'"

Instance: CofinancingAnswer
InstanceOf: MessageDefinition
Usage: #definition
Id: cofinancing-answer
Title: "Co-financing answer / Svar om samfinansiering"
Description: "M17, both ways: what became of a co-financing question."
* category = #consequence
