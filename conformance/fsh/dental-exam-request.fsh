// M2, underrättelse om munhälsoundersökning.

Instance: DentalExamRequest
InstanceOf: MessageDefinition
Usage: #definition
Id: dental-exam-request
Title: "Dental examination request / Underrättelse om munhälsoundersökning"
Description: "Underrättelse om munhälsoundersökning, municipality to region."
* category = #consequence
* allowedResponse[0].message = Canonical(exam-status)
* allowedResponse[+].message = Canonical(exam-statement)

Profile: DentalExamRequestMessage
Parent: PlacementExamMessage
Id: dental-exam-request-message
Title: "Dental examination request / Underrättelse om munhälsoundersökning"
Description: "Underrättelse om munhälsoundersökning, municipality to region."
* . ^comment = "domain §1 M2"
* insert ClosedEntries
* entry[header].resource only DentalExamRequestHeader
* entry[order].resource only DentalExamServiceRequest

Profile: DentalExamRequestHeader
Parent: ExamHeader
Id: dental-exam-request-header
Title: "Dental examination request: header / Underrättelse om munhälsoundersökning: kuvert"
Description: "Envelope of dental-exam-request."
* . ^comment = "domain §1 M2"
* event[x] = Event#dental-exam-request
  * ^short = "Event code"

Profile: DentalExamServiceRequest
Parent: ExamServiceRequest
Id: dental-exam-service-request
Title: "Dental examination request: order / Underrättelse om munhälsoundersökning: begäran"
Description: "Dental examination."
* . ^comment = "domain §1 M2"
* code = Exam#dental-exam
  * ^short = "Dental examination"
* orderDetail ..1
* orderDetail = ExamPart#oral
  * ^short = "Oral health, and no other part"
