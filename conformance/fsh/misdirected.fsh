// M20, felsänt: the receiver should not have had the message, and has purged it.

Instance: Misdirected
InstanceOf: MessageDefinition
Usage: #definition
Id: misdirected
Title: "Misdirected / Felsänt"
Description: "Felsänt, both ways."
* category = #notification

Profile: MisdirectedMessage
Parent: NoticeBundle
Id: misdirected-message
Title: "Misdirected / Felsänt"
Description: "Felsänt, both ways."
* . ^comment = "domain §1 M20"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only MisdirectedHeader
* entry[notice].resource only MisdirectedNotice
* entry[patient].resource only BareSubject
* entry[unit] ..1

Profile: MisdirectedHeader
Parent: NoticeHeader
Id: misdirected-header
Title: "Misdirected: header / Felsänt: kuvert"
Description: "Envelope of misdirected."
* . ^comment = "domain §1 M20"
* event[x] = Event#misdirected
  * ^short = "Event code"
* extension[refersTo] 1..
  * ^short = "The message that went wrong"

Profile: MisdirectedNotice
Parent: Notice
Id: misdirected-notice
Title: "Misdirected: notice / Felsänt: besked"
Description: "Why it is not ours, that it is purged, and perhaps who should have it."
* . ^comment = "domain §1 M20"
* category = NoticeKind#misdirected
  * ^short = "Kind of notice"
* extension contains Purged named purged 1..1 and RightReceiver named rightReceiver 0..1
* extension ^slicing.rules = #closed
* extension[purged] ^short = "What was received is purged"
* extension[purged] ^comment = "domain §6"
* extension[rightReceiver] ^short = "Who should have it"
* reasonCode 1..1
* reasonCode from MisdirectedReason (required)
  * ^short = "Why"
* insert Absent(about)
* insert Absent(payload)

Extension: RightReceiver
Id: right-receiver
Title: "Right receiver / Rätt mottagare"
Description: "HSA-id of the party that should have had the message."
Context: Communication
* . ^comment = "domain §1 M20, §6, §7"
* value[x] 1..
* value[x] only string
* value[x] obeys m20-1
  * ^short = "HSA-id"

Invariant: m20-1
Description: "The right receiver is named by an HSA-id / Rätt mottagare anges med HSA-id"
Severity: #error
Expression: "$this.matches('^SE[0-9]{10}-[0-9A-Za-z]{1,18}$')"
