// M4, status för undersökning: booked, did not attend, cannot be carried out, unnecessary; no clinical data.

Instance: ExamStatus
InstanceOf: MessageDefinition
Usage: #definition
Id: exam-status
Title: "Examination status / Status för undersökning"
Description: "Status för undersökning, region to municipality."
* category = #notification

Profile: ExamStatusMessage
Parent: ClosedBundle
Id: exam-status-message
Title: "Examination status / Status för undersökning"
Description: "Status för undersökning, region to municipality."
* . ^comment = "domain §1 M4"
* . obeys m4-5
* insert ClosedEntries
* entry[header].resource only ExamStatusHeader
* entry[patient].resource only SlussSubject
* insert Carries(status, ExamStatusTask, 1..1, How the examination stands)
* insert Carries(booking, ExamBooking, 0..1, The booking)
* insert Carries(unit, SlussUnit, 1..1, The unit)

Profile: ExamStatusHeader
Parent: ClosedHeader
Id: exam-status-header
Title: "Examination status: header / Status för undersökning: kuvert"
Description: "Envelope of exam-status; it names the request or order that it answers."
* insert Envelope(exam-status, Task, §1 M4)
* insert Answers([[The request (M1, M2) or order (M3)]])

Profile: ExamStatusTask
Parent: Task
Id: exam-status-task
Title: "Examination status: task / Status för undersökning: uppgift"
Description: "Which examination, its status, and why; no clinical data and no words."
* . ^comment = "domain §1 M4, §2"
* . obeys notice-1 and m4-1 and m4-2 and m4-3 and m4-4
* extension contains UnnecessaryDecider named decider 0..1
* extension ^slicing.rules = #closed
* extension[decider] ^short = "Who judged it unnecessary"
* statusReason from ExamStatusReason (required)
  * ^short = "Why it is not carried out"
* businessStatus 1..
* businessStatus from ExamStatus (required)
  * ^short = "How it stands"
* intent = #order
  * ^short = "Order"
* code 1..
* code from ExamKind (required)
  * ^short = "Kind of examination"
* focus only Reference(Appointment)
  * ^short = "The booking"
* focus.reference 1..
  * ^short = "The Appointment of this message"
* for 1..
* for only Reference(Patient)
  * ^short = "The child or young person"
* for.reference 1..
  * ^short = "The Patient of this message"
* owner 1..
* owner only Reference(Organization)
  * ^short = "The unit"
* owner.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(groupIdentifier)
* insert Absent(partOf)
* insert Absent(priority)
* insert Absent(description)
* insert Absent(encounter)
* insert Absent(executionPeriod)
* insert Absent(authoredOn)
* insert Absent(lastModified)
* insert Absent(requester)
* insert Absent(performerType)
* insert Absent(location)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(insurance)
* insert Absent(note)
* insert Absent(relevantHistory)
* insert Absent(restriction)
* insert Absent(input)
* insert Absent(output)

Profile: ExamBooking
Parent: Appointment
Id: exam-booking
Title: "Booking of an examination / Bokning"
Description: "When and where, and how the child is told. FHIR's rules app-2 and app-3 want an end of what is booked."
* . ^comment = "domain §1 M4, §5"
* extension contains NoticeWay named notice 1..1
* extension ^slicing.rules = #closed
* extension[notice] ^short = "How the child is told"
* status = #booked
  * ^short = "Booked"
* start 1..
  * ^short = "When"
* participant ..1
  * ^short = "The place; the child is named by the task"
* participant.actor 1..
  * ^short = "The place"
* participant.actor.reference ..0
  * ^short = "By its name"
* participant.actor.display 1..
  * ^short = "Name of the place"
  * ^maxLength = 4000
* participant.status = #accepted
  * ^short = "Settled"
* insert Absent(participant.type)
* insert Absent(participant.required)
* insert Absent(participant.period)
* insert Absent(participant.actor.identifier)
* insert Absent(identifier)
* insert Absent(cancelationReason)
* insert Absent(serviceCategory)
* insert Absent(serviceType)
* insert Absent(specialty)
* insert Absent(appointmentType)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(priority)
* insert Absent(description)
* insert Absent(supportingInformation)
* insert Absent(minutesDuration)
* insert Absent(slot)
* insert Absent(created)
* insert Absent(comment)
* insert Absent(patientInstruction)
* insert Absent(basedOn)
* insert Absent(requestedPeriod)

Extension: UnnecessaryDecider
Id: unnecessary-decider
Title: "Who judged the examination unnecessary / Vem som bedömde undersökningen obehövlig"
Description: "The board, the care unit, the guardians or the young person."
Context: Task
* . ^comment = "domain §1 M4, §2"
* value[x] 1..
* value[x] only code
* value[x] from UnnecessaryDecider (required)
  * ^short = "Who judged it"

Extension: NoticeWay
Id: notice-way
Title: "How the child is told of a booking / Hur kallelsen lämnas"
Description: "By letter to the registered address, or only by the case worker."
Context: Appointment
* . ^comment = "domain §1 M4, §5"
* value[x] 1..
* value[x] only code
* value[x] from NoticeWay (required)
  * ^short = "How"

Invariant: m4-1
Description: "A reason is told unless the examination is booked / Skäl anges om undersökningen inte är bokad, annars inte"
Severity: #error
Expression: "businessStatus.coding.exists(code = 'booked') != statusReason.exists()"

Invariant: m4-2
Description: "There is a booking exactly when the examination is booked / En bokning finns om undersökningen är bokad, annars inte"
Severity: #error
Expression: "businessStatus.coding.exists(code = 'booked') = focus.exists()"

Invariant: m4-3
Description: "Who judged it is told exactly when the examination is unnecessary / Vem som bedömde anges om undersökningen är obehövlig, annars inte"
Severity: #error
Expression: "businessStatus.coding.exists(code = 'unnecessary') = extension('https://sluss.example/fhir/StructureDefinition/unnecessary-decider').exists()"

Invariant: m4-4
Description: "FHIR's status says the same: accepted when booked, failed when not attended, rejected when it cannot be done, cancelled when unnecessary / FHIR:s status säger detsamma"
Severity: #error
Expression: "businessStatus.coding.code = iif(%context.status = 'accepted', 'booked', iif(%context.status = 'failed', 'no-show', iif(%context.status = 'rejected', 'cannot-be-done', iif(%context.status = 'cancelled', 'unnecessary'))))"

Invariant: m4-5
Description: "A booking in the message is the one that the task names / Bokningen i meddelandet är den som uppgiften anger"
Severity: #error
Expression: "entry.resource.ofType(Appointment).exists() implies entry.resource.ofType(Task).focus.exists()"
