// M18, avvikelse från sjukhus: a young person placed by the state's institutions has left the hospital or wants to.

Instance: SisPatientLeft
InstanceOf: MessageDefinition
Usage: #definition
Id: sis-patient-left
Title: "Patient from a special youth home left / Avvikelse från sjukhus"
Description: "Region to the state's institutions and the municipality, at once: who, which unit, when, and whether they left or want to."
* category = #notification

Profile: SisPatientLeftHeader
Parent: NoticeHeader
Id: sis-patient-left-header
Title: "Patient from a special youth home left: header / Avvikelse från sjukhus: kuvert"
Description: "Envelope of sis-patient-left."
* . ^short = "Envelope"
* . ^comment = "domain §1 M18"
* event[x] = Event#sis-patient-left
  * ^short = "Event code"

Profile: SisPatientLeftMessage
Parent: NoticeBundle
Id: sis-patient-left-message
Title: "Patient from a special youth home left / Avvikelse från sjukhus"
Description: "Region to the state's institutions and the municipality, at once: who, which unit, when, and whether they left or want to."
* . ^comment = "domain §1 M18"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only SisPatientLeftHeader
* entry[notice].resource only SisPatientLeftCommunication
* entry[patient] ^short = "The young person"
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The unit"

Profile: SisPatientLeftCommunication
Parent: Notice
Id: sis-patient-left-communication
Title: "Patient from a special youth home left: notice / Avvikelse från sjukhus: besked"
Description: "Who left or wants to leave, when, from which unit."
* . ^short = "Patient left or wants to"
* . ^comment = "domain §1 M18"
* extension ^slicing.discriminator.type = #value
* extension ^slicing.discriminator.path = "url"
* extension ^slicing.ordered = false
* extension ^slicing.rules = #closed
* extension ^short = "What FHIR has no element for"
* extension contains PatientLeftKind named patientLeftKind 1..1
* extension[patientLeftKind] ^short = "Left, or wants to leave"
* category = NoticeKind#sis-patient-left
  * ^short = "Kind of notice"
* insert Absent(about)
* insert Absent(reasonCode)
* insert Absent(payload)

Extension: PatientLeftKind
Id: patient-left-kind
Title: "Left, or wants to leave / Har avvikit, eller vill lämna sjukhuset"
Description: "Whether the young person has left the hospital or wants to."
Context: Communication
* . ^comment = "domain §1 M18"
* value[x] 1..
* value[x] only code
* value[x] from PatientLeftKind (required)
  * ^short = "Left, or wants to leave"
