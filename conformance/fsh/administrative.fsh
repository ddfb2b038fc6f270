// M20, administrativt meddelande: about how we work together, not about the child.

Instance: Administrative
InstanceOf: MessageDefinition
Usage: #definition
Id: administrative
Title: "Administrative message / Administrativt meddelande"
Description: "Administrativt meddelande, both ways."
* category = #notification

Profile: AdministrativeMessage
Parent: NoticeBundle
Id: administrative-message
Title: "Administrative message / Administrativt meddelande"
Description: "Administrativt meddelande, both ways."
* . ^comment = "domain §1 M20"
* . obeys notice-2 and m20-3
* insert ClosedEntries
* entry[header].resource only AdministrativeHeader
* entry[notice].resource only AdministrativeNotice
* entry[patient].resource only BareSubject
* entry[unit] ..1
* insert Carries(contact, SlussPerson, 0..1, Whom to ask)

Profile: AdministrativeHeader
Parent: NoticeHeader
Id: administrative-header
Title: "Administrative message: header / Administrativt meddelande: kuvert"
Description: "Envelope of administrative."
* . ^comment = "domain §1 M20"
* event[x] = Event#administrative
  * ^short = "Event code"

Profile: AdministrativeNotice
Parent: Notice
Id: administrative-notice
Title: "Administrative message: notice / Administrativt meddelande: besked"
Description: "What it is about, in words, and perhaps whom to ask."
* . ^comment = "domain §1 M20"
* category = NoticeKind#administrative
  * ^short = "Kind of notice"
* about ..1
* about only Reference(Practitioner)
  * ^short = "Whom to ask"
* about.reference 1..
  * ^short = "The Practitioner of this message"
* reasonCode 1..1
* reasonCode from AdministrativeReason (required)
  * ^short = "What it is about"
* payload 1..1
  * ^short = "The message"
* payload.content[x] only string
  * ^short = "The message in words; no new person data"
  * ^maxLength = 4000
* insert Absent(extension)

Invariant: m20-3
Description: "Whom to ask is sent exactly when the notice names a person / Kontaktpersonen skickas när meddelandet pekar ut en, annars inte"
Severity: #error
Expression: "entry.resource.ofType(Communication).about.exists() = entry.resource.ofType(Practitioner).exists()"
