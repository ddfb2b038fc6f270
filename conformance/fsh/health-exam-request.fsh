// M1, underrättelse om hälsoundersökning.

Instance: HealthExamRequest
InstanceOf: MessageDefinition
Usage: #definition
Id: health-exam-request
Title: "Health examination request / Underrättelse om hälsoundersökning"
Description: "Underrättelse om hälsoundersökning, municipality to region."
* category = #consequence

Profile: HealthExamRequestMessage
Parent: SlussMessage
Id: health-exam-request-message
Title: "Health examination request"
Description: "Underrättelse om hälsoundersökning, municipality to region."
* . ^comment = "domain §1 M1"
* . obeys m1-1 and m1-2 and m1-3 and m1-4 and m1-6 and m1-7 and m1-5
* entry[header].resource only HealthExamRequestHeader
* insert Carries(task, ExamTask, 1..1, What to do)
* insert Carries(request, HealthExamServiceRequest, 1..1, What is asked for)
* insert Carries(placement, PlacementEpisode, 1..1, The placement)
* insert Carries(board, SlussOrganization, 1..1, The placing board)
* insert Carries(caseWorker, CaseWorker, 1..1, The case worker)
* insert AndNoMore

Profile: HealthExamRequestHeader
Parent: SlussMessageHeader
Id: health-exam-request-header
Title: "Health examination request: header"
Description: "Envelope of health-exam-request."
* insert Envelope(health-exam-request, Task, §1 M1)

Profile: HealthExamServiceRequest
Parent: ExamServiceRequest
Id: health-exam-service-request
Title: "Health examination: request / Begäran om hälsoundersökning"
Description: "The request of M1."
* . ^comment = "domain §1 M1"
* code = Exam#health-exam
  * ^short = "Health examination"

Invariant: m1-1
Description: "The header is about the task / Huvudet gäller uppgiften"
Severity: #error
Expression: "entry.resource.ofType(MessageHeader).focus.reference = entry.where(resource.is(Task)).fullUrl"

Invariant: m1-2
Description: "The task carries out the request / Uppgiften utför begäran"
Severity: #error
Expression: "entry.resource.ofType(Task).focus.reference = entry.where(resource.is(ServiceRequest)).fullUrl"

Invariant: m1-3
Description: "The request is about the patient / Begäran gäller patienten"
Severity: #error
Expression: "entry.resource.ofType(ServiceRequest).subject.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m1-4
Description: "The request names the placement / Begäran anger placeringen"
Severity: #error
Expression: "entry.resource.ofType(ServiceRequest).supportingInfo.reference = entry.where(resource.is(EpisodeOfCare)).fullUrl"

Invariant: m1-6
Description: "The task is for the patient / Uppgiften gäller patienten"
Severity: #error
Expression: "entry.resource.ofType(Task).for.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m1-7
Description: "The placement is the patient's / Placeringen är patientens"
Severity: #error
Expression: "entry.resource.ofType(EpisodeOfCare).patient.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m1-5
Description: "Where a protected child stays is not told / Var ett skyddat barn vistas anges inte"
Severity: #error
Expression: "entry.resource.ofType(Patient).meta.security.where(system = 'http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel').exists() implies entry.resource.ofType(EpisodeOfCare).extension.where(url = 'https://sluss.example/fhir/StructureDefinition/stay-address').empty()"
