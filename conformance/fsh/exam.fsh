// What the requests and orders of an examination share (M1, M2, M3): a task that asks for it, the order that says what,
// and for M1 and M2 the placement that it is about.

Profile: ExamHeader
Parent: ClosedHeader
Id: exam-header
Title: "Header of an examination request / Kuvert för begäran om undersökning"
Description: "The header is about the task."
* ^abstract = true
* . ^short = "Envelope"
* . ^comment = "domain §1 M1–M3"
* focus only Reference(Task)
  * ^short = "The task"

Profile: ExamMessage
Parent: ClosedBundle
Id: exam-message
Title: "Request of an examination / Begäran om undersökning"
Description: "Header, task, order, subject, and the board."
* ^abstract = true
* . ^comment = "domain §1 M1–M3"
* entry[patient].resource only SlussSubject
* insert Carries(task, ExamTask, 1..1, What to do)
* entry contains order 1..1
* entry[order] ^short = "What is asked for"
* insert Carries(board, SlussUnit, 1..1, The board)

Profile: PlacementExamMessage
Parent: ExamMessage
Id: placement-exam-message
Title: "Request of an examination because of a placement / Begäran om undersökning vid placering"
Description: "With the placement and its case worker."
* ^abstract = true
* . ^comment = "domain §1 M1, M2"
* . obeys placement-1
* insert Carries(placement, PlacementEpisode, 1..1, The placement)
* insert Carries(caseWorker, SlussPerson, 1..1, The case worker)

Profile: ExamTask
Parent: Task
Id: exam-task
Title: "Examination task / Uppgift"
Description: "Asks the region to carry the order out and to answer."
* . ^short = "Task"
* . ^comment = "domain §1 M1–M3"
* . obeys notice-1
* status = #requested
  * ^short = "Requested"
* intent = #order
  * ^short = "Order"
* code 1..
* code = http://hl7.org/fhir/CodeSystem/task-code#fulfill
  * ^short = "Carry out what the focus asks for"
* focus 1..
* focus only Reference(ServiceRequest)
  * ^short = "The order"
* focus.reference 1..
  * ^short = "The ServiceRequest of this message"
* for 1..
* for only Reference(Patient)
  * ^short = "The child or young person"
* for.reference 1..
  * ^short = "The Patient of this message"
* authoredOn 1..
  * ^short = "When it was asked"
* requester 1..
* requester only Reference(Organization)
  * ^short = "The board"
* requester.reference 1..
  * ^short = "The Organization of this message"
* restriction.period.end obeys day-1
  * ^short = "Wished by"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(groupIdentifier)
* insert Absent(partOf)
* insert Absent(statusReason)
* insert Absent(businessStatus)
* insert Absent(priority)
* insert Absent(description)
* insert Absent(encounter)
* insert Absent(executionPeriod)
* insert Absent(lastModified)
* insert Absent(performerType)
* insert Absent(owner)
* insert Absent(location)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(insurance)
* insert Absent(note)
* insert Absent(relevantHistory)
* insert Absent(restriction.repetitions)
* insert Absent(restriction.recipient)
* insert Absent(restriction.period.start)
* insert Absent(input)
* insert Absent(output)

Profile: ExamOrder
Parent: ServiceRequest
Id: exam-order
Title: "Order of an examination / Begäran"
Description: "What is asked for, of whom, by which board."
* ^abstract = true
* . ^short = "Order"
* . ^comment = "domain §1 M1–M3"
* status = #active
  * ^short = "Active"
* intent = #order
  * ^short = "Order"
* category 1..1
* category = Exam#exam-of-placed-child
  * ^short = "Examination of a child placed outside the home"
* code 1..
* code from ExamKind (required)
  * ^short = "Kind of examination"
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* authoredOn 1..
  * ^short = "When it was asked"
* requester 1..
* requester only Reference(Organization)
  * ^short = "The board"
* requester.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(replaces)
* insert Absent(requisition)
* insert Absent(priority)
* insert Absent(doNotPerform)
* insert Absent(quantity[x])
* insert Absent(encounter)
* insert Absent(occurrence[x])
* insert Absent(asNeeded[x])
* insert Absent(performerType)
* insert Absent(locationCode)
* insert Absent(reasonReference)
* insert Absent(insurance)
* insert Absent(specimen)
* insert Absent(bodySite)
* insert Absent(note)
* insert Absent(patientInstruction)
* insert Absent(relevantHistory)

Profile: ExamServiceRequest
Parent: ExamOrder
Id: exam-service-request
Title: "Examination request / Begäran om undersökning vid placering"
Description: "The parts asked for, who decides, and the placement that it is about."
* ^abstract = true
* . ^comment = "domain §1 M1, M2"
* . obeys notice-1
* extension contains Decider named decider 1..1
* extension ^slicing.rules = #closed
* extension[decider] ^short = "Who decides"
* orderDetail 1..3
* orderDetail from ExamPart (required)
  * ^short = "Parts asked for"
* supportingInfo 1..1
* supportingInfo only Reference(EpisodeOfCare)
  * ^short = "The placement"
* supportingInfo.reference 1..
  * ^short = "The EpisodeOfCare of this message"
* insert Absent(performer)
* insert Absent(locationReference)
* insert Absent(reasonCode)

Profile: PlacementEpisode
Parent: Placement
Id: placement-episode
Title: "Placement that an examination follows / Placering"
Description: "The placement: kind, start, board, case worker, and perhaps where the child stays."
* . ^comment = "domain §1 M1, M2"
* . obeys notice-1
* period.start obeys day-1
* status = #active
  * ^short = "Under way"
* extension ^slicing.discriminator.type = #value
* extension ^slicing.discriminator.path = "url"
* extension ^slicing.rules = #closed
* extension ^short = "What FHIR has no element for"
* insert Absent(period.end)
* insert Absent(identifier)
* insert Absent(statusHistory)
* insert Absent(diagnosis)
* insert Absent(referralRequest)
* insert Absent(team)
* insert Absent(account)

Extension: Decider
Id: decider
Title: "Who decides / Vem som beslutar"
Description: "Who decides whether the child is examined."
Context: ServiceRequest
* . ^comment = "domain §1 M1, M2"
* value[x] 1..
* value[x] only code
* value[x] from Decider (required)
  * ^short = "Who decides"
