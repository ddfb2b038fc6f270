// M1, underrättelse om hälsoundersökning.

Instance: HealthExamRequest
InstanceOf: MessageDefinition
Usage: #definition
Id: health-exam-request
Title: "Health examination request / Underrättelse om hälsoundersökning"
Description: "Underrättelse om hälsoundersökning, municipality to region."
* category = #consequence
* allowedResponse[0].message = Canonical(exam-status)
* allowedResponse[+].message = Canonical(exam-statement)

Profile: HealthExamRequestMessage
Parent: PlacementExamMessage
Id: health-exam-request-message
Title: "Health examination request / Underrättelse om hälsoundersökning"
Description: "Underrättelse om hälsoundersökning, municipality to region."
* . ^comment = "domain §1 M1"
* insert ClosedEntries
* entry[header].resource only HealthExamRequestHeader
* entry[order].resource only HealthExamServiceRequest

Profile: HealthExamRequestHeader
Parent: ExamHeader
Id: health-exam-request-header
Title: "Health examination request: header / Underrättelse om hälsoundersökning: kuvert"
Description: "Envelope of health-exam-request."
* . ^comment = "domain §1 M1"
* event[x] = Event#health-exam-request
  * ^short = "Event code"

Profile: HealthExamServiceRequest
Parent: ExamServiceRequest
Id: health-exam-service-request
Title: "Health examination request: order / Underrättelse om hälsoundersökning: begäran"
Description: "Health examination."
* . ^comment = "domain §1 M1"
* code = Exam#health-exam
  * ^short = "Health examination"
