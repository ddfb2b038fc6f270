// M3, läkarundersökning enligt LVU 32 §: the board orders an examination by a doctor that it names, at a place, with a
// question.

Instance: MedicalExamOrder
InstanceOf: MessageDefinition
Usage: #definition
Id: medical-exam-order
Title: "Medical examination order / Läkarundersökning enligt LVU 32 §"
Description: "Läkarundersökning enligt LVU 32 §, municipality to region."
* category = #consequence
* allowedResponse[0].message = Canonical(exam-status)
* allowedResponse[+].message = Canonical(exam-statement)

Profile: MedicalExamOrderMessage
Parent: ExamMessage
Id: medical-exam-order-message
Title: "Medical examination order / Läkarundersökning enligt LVU 32 §"
Description: "Läkarundersökning enligt LVU 32 §, municipality to region."
* . ^comment = "domain §1 M3"
* . obeys m3-1
* insert ClosedEntries
* entry[header].resource only MedicalExamOrderHeader
* entry[task].resource only MedicalExamTask
* entry[order].resource only MedicalExamServiceRequest
* insert Carries(place, ExamPlace, 1..1, Where)
* entry contains people 2..2
* entry[people] ^short = "The doctor and the case worker"
* entry[people].resource only Practitioner

Profile: MedicalExamOrderHeader
Parent: ExamHeader
Id: medical-exam-order-header
Title: "Medical examination order: header / Läkarundersökning: kuvert"
Description: "Envelope of medical-exam-order."
* . ^comment = "domain §1 M3"
* event[x] = Event#medical-exam-order
  * ^short = "Event code"

Profile: MedicalExamTask
Parent: ExamTask
Id: medical-exam-task
Title: "Medical examination order: task / Läkarundersökning: uppgift"
Description: "The task of M1, and the board's case worker, whom M1 names with the placement."
* . ^comment = "domain §1 M3"
* extension contains CaseWorkerReference named caseWorker 1..1
* extension ^slicing.rules = #closed
* extension[caseWorker] ^short = "The case worker"
* extension[caseWorker].value[x] only Reference(SlussPerson)

Profile: MedicalExamServiceRequest
Parent: ExamOrder
Id: medical-exam-service-request
Title: "Medical examination order: order / Läkarundersökning: begäran"
Description: "The decision, the doctor, the place and the question."
* . ^comment = "domain §1 M3"
* . obeys m3-2
* extension contains Decision named decision 1..1
* extension ^slicing.rules = #closed
* extension[decision] ^short = "The board's decision"
* code = Exam#medical-exam
  * ^short = "Medical examination under LVU 32 §"
* performer 1..1
* performer only Reference(Doctor)
  * ^short = "The doctor"
* performer.reference 1..
  * ^short = "The doctor of this message"
* locationReference 1..1
  * ^short = "The place"
* locationReference.reference 1..
  * ^short = "The Location of this message"
* reasonCode 1..1
  * ^short = "The question"
* reasonCode.coding ..0
  * ^short = "In words"
* reasonCode.text 1..
  * ^short = "The question in words"
  * ^maxLength = 4000
* insert Absent(orderDetail)
* insert Absent(supportingInfo)

Profile: Doctor
Parent: http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePractitioner
Id: doctor
Title: "Doctor / Läkare"
Description: "Name as written, and perhaps HSA-id."
* . ^comment = "domain §1 M3"
* . obeys m3-3
* identifier ..1
  * ^short = "HSA-id"
  * ^comment = "domain §7"
* name 1..
  * ^short = "Name"
* name.text 1..
  * ^short = "Name as written"
  * ^maxLength = 200
* insert Absent(extension)
* insert Absent(active)
* insert Absent(telecom)
* insert Absent(address)
* insert Absent(gender)
* insert Absent(birthDate)
* insert Absent(photo)
* insert Absent(qualification)
* insert Absent(communication)

Profile: ExamPlace
Parent: Location
Id: exam-place
Title: "Place of an examination / Plats"
Description: "Name, and perhaps address."
* . ^comment = "domain §1 M3"
* name 1..
  * ^short = "Name"
  * ^maxLength = 200
* insert Absent(extension)
* insert Absent(identifier)
* insert Absent(status)
* insert Absent(operationalStatus)
* insert Absent(alias)
* insert Absent(description)
* insert Absent(mode)
* insert Absent(type)
* insert Absent(telecom)
* insert Absent(physicalType)
* insert Absent(position)
* insert Absent(managingOrganization)
* insert Absent(partOf)
* insert Absent(hoursOfOperation)
* insert Absent(availabilityExceptions)
* insert Absent(endpoint)

Extension: Decision
Id: decision
Title: "Decision of the board / Nämndens beslut"
Description: "Its reference, and the day of the decision."
Context: ServiceRequest
* . ^comment = "domain §1 M3"
* extension ^slicing.rules = #closed
* extension contains reference 1..1 and decidedOn 1..1
* extension[reference] ^short = "The board's reference"
* extension[reference].value[x] 1..
* extension[reference].value[x] only string
  * ^maxLength = 64
* extension[decidedOn] ^short = "Day of the decision"
* extension[decidedOn].value[x] 1..
* extension[decidedOn].value[x] only date
* extension[decidedOn].value[x] obeys day-1

Invariant: m3-1
Description: "The doctor is another person than the case worker / Läkaren är en annan person än handläggaren"
Severity: #error
Expression: "entry.resource.ofType(ServiceRequest).performer.reference != entry.resource.ofType(Task).extension('https://sluss.example/fhir/StructureDefinition/case-worker-reference').value.reference"

Invariant: m3-2
Description: "Only the question has words of its own / Bara frågan har egen text"
Severity: #error
Expression: "(code | category).text.empty() and descendants().ofType(Reference).display.empty()"

Invariant: m3-3
Description: "A doctor's number is an HSA-id / En läkares nummer är ett HSA-id"
Severity: #error
Expression: "identifier.all(system in ('urn:oid:1.2.752.129.2.1.4.1' | 'urn:oid:1.2.752.29.4.19' | 'urn:oid:1.2.752.29.6.2.1') and value.matches('^SE[0-9]{10}-[0-9A-Za-z]{1,18}$'))"
