// M20, byte av mottagare: from a day on another party has the case.

Instance: ReceiverChanged
InstanceOf: MessageDefinition
Usage: #definition
Id: receiver-changed
Title: "Receiver changed / Byte av mottagare"
Description: "Byte av mottagare, both ways."
* category = #notification

Profile: ReceiverChangedMessage
Parent: NoticeBundle
Id: receiver-changed-message
Title: "Receiver changed / Byte av mottagare"
Description: "Byte av mottagare, both ways."
* . ^comment = "domain §1 M20"
* . obeys notice-2 and m20-2
* insert ClosedEntries
* entry[header].resource only ReceiverChangedHeader
* entry[notice].resource only ReceiverChangedNotice
* entry[patient].resource only BareSubject
* entry[unit] 2..2
  * ^short = "The party that speaks, and the new receiver"

Profile: ReceiverChangedHeader
Parent: NoticeHeader
Id: receiver-changed-header
Title: "Receiver changed: header / Byte av mottagare: kuvert"
Description: "Envelope of receiver-changed."
* . ^comment = "domain §1 M20"
* event[x] = Event#receiver-changed
  * ^short = "Event code"

Profile: ReceiverChangedNotice
Parent: Notice
Id: receiver-changed-notice
Title: "Receiver changed: notice / Byte av mottagare: besked"
Description: "Why, from which day, and who has the case then."
* . ^comment = "domain §1 M20"
* category = NoticeKind#receiver-changed
  * ^short = "Kind of notice"
* extension contains ValidFrom named validFrom 1..1
* extension ^slicing.rules = #closed
* extension[validFrom] ^short = "From which day"
* about 1..1
* about only Reference(Organization)
  * ^short = "The new receiver"
* about.reference 1..
  * ^short = "An Organization of this message"
* reasonCode 1..1
* reasonCode from ReceiverChangedReason (required)
  * ^short = "Why"
* insert Absent(payload)

Extension: ValidFrom
Id: valid-from
Title: "First day / Från och med"
Description: "First day on which it holds."
Context: Communication
* . ^comment = "domain §1 M20, §6"
* value[x] 1..
* value[x] only date
* value[x] obeys day-1
  * ^short = "First day"

Invariant: m20-2
Description: "The new receiver is another party than the one that speaks / Den nya mottagaren är en annan part än den som meddelar"
Severity: #error
Expression: "entry.resource.ofType(Communication).about.reference != entry.resource.ofType(Communication).sender.reference"
