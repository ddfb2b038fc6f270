// M8, svar på inskrivning, municipality to region: does the board know the child, is the child resident here at all, and,
// with a consent, which efforts there are.

Profile: AdmissionReplyMessage
Parent: NoticeBundle
Id: admission-reply-message
Title: "Admission reply / Svar på inskrivning"
Description: "Svar på inskrivning, municipality to region."
* . ^comment = "domain §1 M8"
* . obeys notice-2 and m8-3 and m8-4
* insert ClosedEntries
* entry contains contact 0..1
* entry[header].resource only AdmissionReplyHeader
* entry[notice].resource only AdmissionReplyNotice
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The board that replies"
* entry[contact] ^short = "Whom to ask"
* entry[contact].resource only SlussPerson

Profile: AdmissionReplyHeader
Parent: NoticeHeader
Id: admission-reply-header
Title: "Admission reply: header / Svar på inskrivning: kuvert"
Description: "Envelope of admission-reply; it names the admission notice that it answers."
* . ^comment = "domain §1 M8"
* event[x] = Event#admission-reply
  * ^short = "Event code"
* response 1..
  * ^short = "The admission notice (M6) that is answered"
* response.code = #ok
  * ^short = "An answer in substance"

Profile: AdmissionReplyNotice
Parent: Notice
Id: admission-reply-notice
Title: "Admission reply: notice / Svar på inskrivning: besked"
Description: "The reply, and what follows from it."
* . ^comment = "domain §1 M8"
* . obeys m8-1 and m8-2
* extension contains AdmissionReply named reply 1..1 and Purged named purged 0..1
  * ^slicing.rules = #closed
* extension[reply] ^short = "The reply"
* extension[purged] ^short = "What was received is purged"
  * ^comment = "domain §6"
* category = NoticeKind#admission-reply
  * ^short = "Kind of notice"
* about ..1
* about only Reference(Practitioner)
  * ^short = "Whom to ask"
* about.reference 1..
  * ^short = "The Practitioner of this message"
* payload ..50
  * ^short = "An effort each"
* payload.content[x] only string
  * ^short = "The effort in words"
  * ^maxLength = 4000
* insert Absent(reasonCode)

Extension: AdmissionReply
Id: admission-reply
Title: "Reply to an admission notice / Svar på inskrivning"
Description: "Known here, resident but not known, or not resident here."
Context: Communication
* . ^comment = "domain §1 M8"
* value[x] 1..
* value[x] only code
* value[x] from AdmissionReply (required)
  * ^short = "The reply"

Extension: Purged
Id: purged
Title: "Purged / Gallrat"
Description: "The receiver that should not have had the message has purged what it received."
Context: Communication
* . ^comment = "domain §6"
* value[x] 1..
* value[x] only boolean
* value[x] = true
  * ^short = "Yes; there is no other answer"

Invariant: m8-1
Description: "Purging is confirmed exactly when the child is not resident here / Gallring bekräftas när barnet inte är bosatt här, annars inte"
Severity: #error
Expression: "(extension('https://sluss.example/fhir/StructureDefinition/admission-reply').value = 'not-resident-here') = extension('https://sluss.example/fhir/StructureDefinition/purged').exists()"

Invariant: m8-2
Description: "Efforts are told only of a child that is known here / Insatser anges bara för ett barn som är känt här"
Severity: #error
Expression: "payload.exists() implies extension('https://sluss.example/fhir/StructureDefinition/admission-reply').value = 'known-here'"

Invariant: m8-3
Description: "Efforts are told only with a consent as basis / Insatser anges bara med samtycke som grund"
Severity: #error
Expression: "entry.resource.ofType(Communication).payload.exists() implies entry.resource.ofType(MessageHeader).extension('https://sluss.example/fhir/StructureDefinition/legal-basis').extension('code').value.startsWith('consent-')"

Invariant: m8-4
Description: "Whom to ask is sent exactly when the reply names a person / Kontaktpersonen skickas när svaret pekar ut en, annars inte"
Severity: #error
Expression: "entry.resource.ofType(Communication).about.exists() = entry.resource.ofType(Practitioner).exists()"

Instance: AdmissionReply
InstanceOf: MessageDefinition
Usage: #definition
Id: admission-reply
Title: "Admission reply / Svar på inskrivning"
Description: "M8, municipality to region: what the board knows of a child that was admitted."
* category = #notification
