// M11, underrättelse utskrivningsklar.

Instance: DischargeReady
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-ready
Title: "Ready for discharge / Underrättelse utskrivningsklar"
Description: "Underrättelse utskrivningsklar, region to municipality."
* category = #notification

Profile: DischargeReadyMessage
Parent: SlussMessage
Id: discharge-ready-message
Title: "Ready for discharge"
Description: "Underrättelse utskrivningsklar, region to municipality."
* . ^comment = "domain §1 M11"
* . obeys m11-1 and m11-2 and m11-3 and m11-4
* entry[header].resource only DischargeReadyHeader
* entry[patient].resource only SlussPatient
* insert Carries(notice, DischargeReadyCommunication, 1..1, The notice)
* insert Carries(unit, SlussOrganization, 1..1, The unit)
* insert AndNoMore

Profile: DischargeReadyHeader
Parent: SlussMessageHeader
Id: discharge-ready-header
Title: "Ready for discharge: header"
Description: "Envelope of discharge-ready."
* insert Envelope(discharge-ready, Communication, §1 M11)

Profile: DischargeReadyCommunication
Parent: Communication
Id: discharge-ready-communication
Title: "Ready for discharge: notice"
Description: "The notice: whom it is about, when it was judged, which unit says so."
* . ^short = "Ready for discharge"
* . ^comment = "domain §1 M11"
* status = #completed
  * ^short = "The notice is given"
* category 1..1
* category from NoticeKind (required)
* category = NoticeKind#discharge-ready
  * ^short = "Kind of notice"
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* sent 1..
  * ^short = "Time of the judgement, as in the header; when the message left is Bundle.timestamp"
* sender 1..
* sender only Reference(Organization)
  * ^short = "The unit"
* sender.reference 1..
  * ^short = "The Organization of this message"

Invariant: m11-1
Description: "The header is about the notice / Huvudet gäller underrättelsen"
Severity: #error
Expression: "entry.resource.ofType(MessageHeader).focus.reference = entry.where(resource.is(Communication)).fullUrl"

Invariant: m11-2
Description: "The notice is about the patient / Underrättelsen gäller patienten"
Severity: #error
Expression: "entry.resource.ofType(Communication).subject.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m11-3
Description: "The notice comes from the unit / Underrättelsen kommer från enheten"
Severity: #error
Expression: "entry.resource.ofType(Communication).sender.reference = entry.where(resource.is(Organization)).fullUrl"

Invariant: m11-4
Description: "Notice and header name the same time of judgement / Underrättelse och huvud anger samma tid för bedömningen"
Severity: #error
Expression: "entry.resource.ofType(Communication).sent = entry.resource.ofType(MessageHeader).extension.where(url = 'https://sluss.example/fhir/StructureDefinition/event-time').value"
