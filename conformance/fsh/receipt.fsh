// M21, kvittens: what became of a message at its receiver, by machine or by a person.

Instance: Receipt
InstanceOf: MessageDefinition
Usage: #definition
Id: receipt
Title: "Receipt / Kvittens"
Description: "Kvittens, both ways."
* category = #notification

Profile: ReceiptMessage
Parent: NoticeBundle
Id: receipt-message
Title: "Receipt / Kvittens"
Description: "Kvittens, both ways."
* . ^comment = "domain §1 M21"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only ReceiptHeader
* entry[notice].resource only ReceiptNotice
* entry[patient].resource only BareSubject
* entry[unit] ..1

Profile: ReceiptHeader
Parent: NoticeHeader
Id: receipt-header
Title: "Receipt: header / Kvittens: kuvert"
Description: "Envelope of receipt."
* . ^comment = "domain §1 M21"
* event[x] = Event#receipt
  * ^short = "Event code"
* insert Answers([[The message that is acknowledged]])

Profile: ReceiptNotice
Parent: Notice
Id: receipt-notice
Title: "Receipt: notice / Kvittens: besked"
Description: "What became of the message, when, and why it was rejected."
* . ^comment = "domain §1 M21"
* category = NoticeKind#receipt
  * ^short = "Kind of notice"
* . obeys m21-1
* extension contains ReceiptReason named reason 0..1
* extension ^slicing.rules = #closed
* extension[reason] ^short = "Why it was rejected"
* reasonCode 1..1
* reasonCode from ReceiptStatus (required)
  * ^short = "What became of it"
* insert Absent(about)
* insert Absent(payload)

Extension: ReceiptReason
Id: receipt-reason
Title: "Why a message was rejected / Varför ett meddelande avvisades"
Description: "Only of a message that its receiver rejected."
Context: Communication
* . ^comment = "domain §1 M21"
* value[x] 1..
* value[x] only code
* value[x] from ReceiptReason (required)
  * ^short = "Why"

Invariant: m21-1
Description: "A reason is told exactly when the message was rejected / Skäl anges om meddelandet avvisades, annars inte"
Severity: #error
Expression: "reasonCode.coding.exists(code = 'rejected') = extension('https://sluss.example/fhir/StructureDefinition/receipt-reason').exists()"
