// M12, återtagen utskrivningsklar.

Instance: DischargeReadyWithdrawn
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-ready-withdrawn
Title: "Ready for discharge, withdrawn / Återtagen utskrivningsklar"
Description: "Återtagen utskrivningsklar, region to municipality."
* category = #notification

Profile: DischargeReadyWithdrawnMessage
Parent: SlussMessage
Id: discharge-ready-withdrawn-message
Title: "Ready for discharge, withdrawn"
Description: "Återtagen utskrivningsklar, region to municipality."
* . ^comment = "domain §1 M12"
* . obeys m12-1 and m12-2 and m12-3 and m12-4
* entry[header].resource only DischargeReadyWithdrawnHeader
* entry[patient].resource only SlussPatient
* insert Carries(notice, DischargeReadyWithdrawnCommunication, 1..1, The notice)
* insert Carries(unit, SlussOrganization, 1..1, The unit)
* insert AndNoMore

Profile: DischargeReadyWithdrawnHeader
Parent: SlussMessageHeader
Id: discharge-ready-withdrawn-header
Title: "Ready for discharge, withdrawn: header"
Description: "Envelope of discharge-ready-withdrawn."
* insert Envelope(discharge-ready-withdrawn, Communication, §1 M12)
* extension[refersTo] 1..
  * ^short = "The message that is withdrawn"

Profile: DischargeReadyWithdrawnCommunication
Parent: Communication
Id: discharge-ready-withdrawn-communication
Title: "Ready for discharge, withdrawn: notice"
Description: "The notice: whom it is about, when it was judged, which unit says so."
* . ^short = "Ready for discharge, withdrawn"
* . ^comment = "domain §1 M12"
* status = #completed
  * ^short = "The notice is given"
* category 1..1
* category from NoticeKind (required)
* category = NoticeKind#discharge-ready-withdrawn
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

Invariant: m12-1
Description: "The header is about the notice / Huvudet gäller underrättelsen"
Severity: #error
Expression: "entry.resource.ofType(MessageHeader).focus.reference = entry.where(resource.is(Communication)).fullUrl"

Invariant: m12-2
Description: "The notice is about the patient / Underrättelsen gäller patienten"
Severity: #error
Expression: "entry.resource.ofType(Communication).subject.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m12-3
Description: "The notice comes from the unit / Underrättelsen kommer från enheten"
Severity: #error
Expression: "entry.resource.ofType(Communication).sender.reference = entry.where(resource.is(Organization)).fullUrl"

Invariant: m12-4
Description: "Notice and header name the same time of judgement / Underrättelse och huvud anger samma tid för återtagandet"
Severity: #error
Expression: "entry.resource.ofType(Communication).sent = entry.resource.ofType(MessageHeader).extension.where(url = 'https://sluss.example/fhir/StructureDefinition/event-time').value"
