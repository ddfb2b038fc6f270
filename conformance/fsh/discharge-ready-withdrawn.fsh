// M12, återtagen utskrivningsklar.

Instance: DischargeReadyWithdrawn
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-ready-withdrawn
Title: "Ready for discharge, withdrawn / Återtagen utskrivningsklar"
Description: "Återtagen utskrivningsklar, region to municipality."
* category = #notification

Profile: DischargeReadyWithdrawnMessage
Parent: NoticeBundle
Id: discharge-ready-withdrawn-message
Title: "Ready for discharge, withdrawn / Återtagen utskrivningsklar"
Description: "Återtagen utskrivningsklar, region to municipality."
* . ^comment = "domain §1 M12"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only DischargeReadyWithdrawnHeader
* entry[notice].resource only DischargeReadyWithdrawnCommunication
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The unit"

Profile: DischargeReadyWithdrawnHeader
Parent: NoticeHeader
Id: discharge-ready-withdrawn-header
Title: "Ready for discharge, withdrawn: header / Återtagen utskrivningsklar: kuvert"
Description: "Envelope of discharge-ready-withdrawn."
* . ^comment = "domain §1 M12"
* event[x] = Event#discharge-ready-withdrawn
  * ^short = "Event code"
* extension[refersTo] 1..
  * ^short = "The message that is withdrawn"

Profile: DischargeReadyWithdrawnCommunication
Parent: Notice
Id: discharge-ready-withdrawn-communication
Title: "Ready for discharge, withdrawn: notice / Återtagen utskrivningsklar: besked"
Description: "Whom it is about, when it was judged anew, which unit says so."
* . ^comment = "domain §1 M12"
* category = NoticeKind#discharge-ready-withdrawn
  * ^short = "Kind of notice"
* insert Absent(extension)
* insert Absent(about)
* insert Absent(reasonCode)
* insert Absent(payload)
