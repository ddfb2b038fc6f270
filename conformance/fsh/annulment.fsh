// M20, makulering: what was sent does not hold; the message is never deleted, only annulled.

Instance: Annulment
InstanceOf: MessageDefinition
Usage: #definition
Id: annulment
Title: "Annulment / Makulering"
Description: "Makulering, both ways."
* category = #notification

Profile: AnnulmentMessage
Parent: NoticeBundle
Id: annulment-message
Title: "Annulment / Makulering"
Description: "Makulering, both ways."
* . ^comment = "domain §1 M20"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only AnnulmentHeader
* entry[notice].resource only AnnulmentNotice
* entry[patient].resource only BareSubject
* entry[unit] ..1

Profile: AnnulmentHeader
Parent: NoticeHeader
Id: annulment-header
Title: "Annulment: header / Makulering: kuvert"
Description: "Envelope of annulment."
* . ^comment = "domain §1 M20"
* event[x] = Event#annulment
  * ^short = "Event code"
* extension[refersTo] 1..
  * ^short = "The message that is annulled"

Profile: AnnulmentNotice
Parent: Notice
Id: annulment-notice
Title: "Annulment: notice / Makulering: besked"
Description: "Why the message does not hold."
* . ^comment = "domain §1 M20"
* category = NoticeKind#annulment
  * ^short = "Kind of notice"
* reasonCode 1..1
* reasonCode from AnnulmentReason (required)
  * ^short = "Why"
* insert Absent(extension)
* insert Absent(about)
* insert Absent(payload)
