// M11, underrättelse utskrivningsklar.

Instance: DischargeReady
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-ready
Title: "Ready for discharge / Underrättelse utskrivningsklar"
Description: "Underrättelse utskrivningsklar, region to municipality."
* category = #notification

Profile: DischargeReadyMessage
Parent: NoticeBundle
Id: discharge-ready-message
Title: "Ready for discharge / Underrättelse utskrivningsklar"
Description: "Underrättelse utskrivningsklar, region to municipality."
* . ^comment = "domain §1 M11"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only DischargeReadyHeader
* entry[notice].resource only DischargeReadyCommunication
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The unit"

Profile: DischargeReadyHeader
Parent: NoticeHeader
Id: discharge-ready-header
Title: "Ready for discharge: header / Underrättelse utskrivningsklar: kuvert"
Description: "Envelope of discharge-ready."
* . ^comment = "domain §1 M11"
* event[x] = Event#discharge-ready
  * ^short = "Event code"

Profile: DischargeReadyCommunication
Parent: Notice
Id: discharge-ready-communication
Title: "Ready for discharge: notice / Underrättelse utskrivningsklar: besked"
Description: "Whom it is about, when it was judged, which unit says so."
* . ^comment = "domain §1 M11"
* category = NoticeKind#discharge-ready
  * ^short = "Kind of notice"
* insert Absent(extension)
* insert Absent(about)
* insert Absent(reasonCode)
* insert Absent(payload)
