// M15, SIP upprättad, justerad, uppföljd or avslutad, both ways: the efforts that were agreed, who answers for each, who
// has the main responsibility, and when it is followed up.

Profile: SipPlanMessage
Parent: ClosedBundle
Id: sip-plan-message
Title: "Coordinated individual plan / Samordnad individuell plan (SIP)"
Description: "SIP upprättad, justerad, uppföljd eller avslutad, both ways."
* . ^comment = "domain §1 M15"
* insert ClosedEntries
* entry contains plan 1..1 and unit 1..1
* entry[header].resource only SipPlanHeader
* entry[patient].resource only SlussSubject
* entry[plan] ^short = "The plan"
* entry[plan].resource only SipPlanCarePlan
* entry[unit] ^short = "The unit with the main responsibility"
* entry[unit].resource only SlussUnit

Profile: SipPlanHeader
Parent: ClosedHeader
Id: sip-plan-header
Title: "Coordinated individual plan: header / SIP: kuvert"
Description: "Envelope of sip-plan."
* . ^comment = "domain §1 M15"
* event[x] = Event#sip-plan
  * ^short = "Event code"
* focus only Reference(CarePlan)
  * ^short = "The plan"

Profile: SipPlanCarePlan
Parent: CarePlan
Id: sip-plan-care-plan
Title: "Coordinated individual plan: plan / SIP: plan"
Description: "What was agreed at the meeting."
* . ^comment = "domain §1 M15"
* . obeys m15-1 and m15-2 and m15-3 and words-1
* extension contains SipStatus named status 1..1 and FollowUpOn named followUpOn 0..1
  * ^slicing.rules = #closed
* extension[status] ^short = "What the meeting did with the plan"
* extension[followUpOn] ^short = "When the plan is followed up"
* intent = #plan
  * ^short = "A plan"
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* created 1..
* created obeys day-1
  * ^short = "Day of the meeting that decided"
* author 1..
* author only Reference(Organization)
  * ^short = "The unit with the main responsibility"
* author.reference 1..
  * ^short = "The Organization of this message"
* activity ..50
  * ^short = "An effort each"
* activity.detail 1..
  * ^short = "The effort"
* activity.detail.code from BbicArea (required)
  * ^short = "Area of the child's development"
  * ^comment = "domain §1 M15, §8"
* activity.detail.status = #scheduled
  * ^short = "Agreed; how it went is told at the follow-up"
* activity.detail.scheduled[x] only Period
  * ^short = "By when"
* activity.detail.scheduled[x].end 1..
* activity.detail.scheduled[x].end obeys day-1
  * ^short = "Day by which it is to be done"
* activity.detail.performer 1..1
  * ^short = "Who answers for it"
* activity.detail.performer.reference ..0
  * ^short = "In words only"
* activity.detail.performer.identifier ..0
  * ^short = "In words only"
* activity.detail.performer.display 1..
  * ^maxLength = 4000
  * ^short = "Who answers for it, in words"
* activity.detail.description 1..
  * ^maxLength = 4000
  * ^short = "The effort in words"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(replaces)
* insert Absent(partOf)
* insert Absent(category)
* insert Absent(title)
* insert Absent(description)
* insert Absent(encounter)
* insert Absent(period)
* insert Absent(contributor)
* insert Absent(careTeam)
* insert Absent(addresses)
* insert Absent(supportingInfo)
* insert Absent(goal)
* insert Absent(note)
* insert Absent(activity.outcomeCodeableConcept)
* insert Absent(activity.outcomeReference)
* insert Absent(activity.progress)
* insert Absent(activity.reference)
* insert Absent(activity.detail.kind)
* insert Absent(activity.detail.instantiatesCanonical)
* insert Absent(activity.detail.instantiatesUri)
* insert Absent(activity.detail.reasonCode)
* insert Absent(activity.detail.reasonReference)
* insert Absent(activity.detail.goal)
* insert Absent(activity.detail.statusReason)
* insert Absent(activity.detail.doNotPerform)
* insert Absent(activity.detail.location)
* insert Absent(activity.detail.product[x])
* insert Absent(activity.detail.dailyAmount)
* insert Absent(activity.detail.quantity)

Extension: SipStatus
Id: sip-status
Title: "Status of the plan / Planens status"
Description: "What the meeting did with the plan: established, adjusted, followed up or closed it."
Context: CarePlan
* . ^comment = "domain §1 M15"
* value[x] 1..
* value[x] only code
* value[x] from SipStatus (required)
  * ^short = "Status of the plan"

Extension: FollowUpOn
Id: follow-up-on
Title: "Followed up on / Följs upp den"
Description: "The day on which the plan is followed up."
Context: CarePlan
* . ^comment = "domain §1 M15"
* value[x] 1..
* value[x] only date
  * ^short = "Day of the follow-up"

Invariant: m15-1
Description: "The plan is completed exactly when it is closed, else active / Planen är slutförd när den avslutats, annars aktiv"
Severity: #error
Expression: "status = iif(extension('https://sluss.example/fhir/StructureDefinition/sip-status').value = 'closed', 'completed', 'active')"

Invariant: m15-2
Description: "A plan that is not closed has an effort at least / En plan som inte är avslutad har minst en insats"
Severity: #error
Expression: "extension('https://sluss.example/fhir/StructureDefinition/sip-status').value = 'closed' or activity.exists()"

Invariant: m15-3
Description: "A closed plan is not followed up / En avslutad plan följs inte upp"
Severity: #error
Expression: "extension('https://sluss.example/fhir/StructureDefinition/sip-status').value = 'closed' implies extension('https://sluss.example/fhir/StructureDefinition/follow-up-on').empty()"

Instance: SipPlan
InstanceOf: MessageDefinition
Usage: #definition
Id: sip-plan
Title: "Coordinated individual plan / Samordnad individuell plan (SIP)"
Description: "M15, both ways: the plan as the meeting left it."
* category = #notification
