// What all messages share: the Bundle, the envelope, the subject, a unit or board.

// ---- what every message profile and every header profile says

RuleSet: Carries(slice, profile, card, short)
* entry contains {slice} {card}
* entry[{slice}] ^short = "{short}"
* entry[{slice}].resource only {profile}

RuleSet: Envelope(event, focus, clause)
* . ^short = "Envelope"
* . ^comment = "domain {clause}"
* event[x] = Event#{event}
  * ^short = "Event code"
* focus only Reference({focus})
  * ^short = "What the message is about"

// What the message answers, by its id.
RuleSet: Answers(short)
* response 1..
  * ^short = "{short}"
* response.identifier ^maxLength = 64
  * ^short = "Id of the message that is answered"
* response.code = #ok
  * ^short = "An answer in substance"
* response.details ..0
  * ^short = "Not sent"

Profile: SlussMessage
Parent: Bundle
Id: sluss-message
Title: "Message / Meddelande"
Description: "What every message has: its send time, one header, one subject."
* ^abstract = true
* . ^comment = "domain §1, §8"
* type = #message (exactly)
  * ^short = "A message"
* timestamp 1..
  * ^short = "Send time"
  * ^comment = "domain §1"
* entry ^slicing.discriminator.type = #type
  * ^slicing.discriminator.path = "resource"
  * ^slicing.rules = #open
  * ^short = "Header first, then what it is about"
* entry.fullUrl 1..
  * ^short = "Address of the entry within the message"
* entry.resource 1..
  * ^short = "The resource"
* entry contains header 1..1 and patient 1..1
* entry[header] ^short = "Envelope"
* entry[patient] ^short = "The child or young person"

Profile: SlussMessageHeader
Parent: MessageHeader
Id: sluss-message-header
Title: "Message header / Kuvert"
Description: "The envelope that every message carries (domain §1, last paragraph)."
* . ^short = "Envelope"
* . ^comment = "domain §1"
* id 1..
  * ^short = "Message id"
* extension contains 
    CaseId named caseId 1..1 and
    EventTime named eventTime 1..1 and
    SenderReference named senderReference 0..1 and
    RefersTo named refersTo 0..1 and
    LegalBasis named legalBasis 0..1
* extension[caseId] ^short = "Case id"
* extension[eventTime] ^short = "Event time"
  * ^comment = "domain §1, §2"
* extension[senderReference] ^short = "Sender's own reference"
* extension[refersTo] ^short = "Message referred to"
  * ^comment = "domain §1 M12"
* extension[legalBasis] ^short = "Legal basis"
  * ^comment = "domain §4"
* event[x] only Coding
* event[x] from Event (required)
  * ^short = "Event code"
* destination 1..1
* destination obeys sluss-1
  * ^short = "One receiver"
* destination.receiver 1..
* destination.receiver obeys sluss-2
  * ^short = "Receiver"
  * ^comment = "domain §1, §7"
* sender 1..
* sender obeys sluss-3
  * ^short = "Sender"
  * ^comment = "domain §1, §7"
* focus 1..1
  * ^short = "What the message is about"
* focus.reference 1..
  * ^short = "A resource of this message"

Profile: NumberedPerson
Parent: http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient
Id: numbered-person
Title: "Person with a number / Person med nummer"
Description: "A number of a known kind, which every subject has; more is said by those that derive from it."
* ^abstract = true
* . ^short = "The child or young person"
* . ^comment = "domain §1"
* . obeys sluss-4 and sluss-5
* identifier 1..
  * ^short = "Personal number"
  * ^comment = "domain §7"

Profile: SlussPatient
Parent: NumberedPerson
Id: sluss-patient
Title: "Subject / Den som ärendet gäller"
Description: "The child or young person: a number of a known kind and an official name."
* . ^short = "The child or young person"
* . ^comment = "domain §1"
* name 1..
  * ^short = "Official name"
* name.use 1..
* name.use = #official
  * ^short = "Official name"
* name.family 1..
  * ^short = "Family name"
* name.given 1..
  * ^short = "Given names"

Profile: SlussOrganization
Parent: http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseOrganization
Id: sluss-organization
Title: "Unit or board / Enhet eller nämnd"
Description: "A unit or a board: HSA-id and name."
* . ^comment = "domain §1, §6, §7"
* . obeys sluss-6
* identifier 1..
  * ^short = "HSA-id"
  * ^comment = "domain §7"
* name 1..
  * ^short = "Name"
  * ^comment = "domain §1"

Extension: CaseId
Id: case-id
Title: "Case id / Ärendets id"
Description: "The coordination case or the exam case that the message belongs to. It holds no person data, because logs show it."
Context: MessageHeader
* . ^comment = "domain §1"
* value[x] 1..
* value[x] only string
  * ^maxLength = 64
  * ^short = "Case id"

Extension: EventTime
Id: event-time
Title: "Event time / Händelsetid"
Description: "When it happened; decides order, not the time of arrival."
Context: MessageHeader
* . ^comment = "domain §1, §2"
* value[x] 1..
* value[x] only dateTime
* value[x] obeys moment-1
  * ^short = "Event time"

Invariant: moment-1
Description: "A moment has its time of day, with its offset / En tidpunkt har klockslag, med sin tidszon"
Severity: #error
Expression: "toString().matches('T')"

Extension: LegalBasis
Id: legal-basis
Title: "Legal basis / Rättslig grund"
Description: "What the sender builds on."
Context: MessageHeader
* . ^comment = "domain §4"
* extension ^slicing.rules = #closed
* extension contains 
    code 1..1 and
    reason 0..1
* extension[code] ^short = "Basis code"
* extension[code].value[x] 1..
* extension[code].value[x] only code
* extension[code].value[x] from LegalBasis (required)
* extension[reason] ^short = "Reason in words; itself sensitive"
* extension[reason].value[x] 1..
* extension[reason].value[x] only string
  * ^maxLength = 1000

Extension: RefersTo
Id: refers-to
Title: "Message referred to / Meddelande som avses"
Description: "Id of the message that this one is about or replaces."
Context: MessageHeader
* . ^comment = "domain §1 M12"
* value[x] 1..
* value[x] only string
  * ^maxLength = 64
  * ^short = "Message referred to"

Extension: SenderReference
Id: sender-reference
Title: "Sender's own reference / Avsändarens referens"
Description: "The sender's own reference, returned in every answer."
Context: MessageHeader
* . ^comment = "domain §1"
* value[x] 1..
* value[x] only string
  * ^maxLength = 64
  * ^short = "Sender's own reference"

Extension: StayAddress
Id: stay-address
Title: "Where the child stays / Var barnet vistas"
Description: "Where the child stays; never for a protected person."
Context: EpisodeOfCare
* . ^comment = "domain §1 M1, §5"
* value[x] 1..
* value[x] only Address
  * ^short = "Where the child stays"

Invariant: sluss-1
Description: "The endpoint is the address of the receiver / Slutadressen är mottagarens adress"
Severity: #error
Expression: "endpoint = ('urn:hsa:' + receiver.identifier.value)"

Invariant: sluss-2
Description: "The receiver is named by an HSA-id / Mottagaren anges med HSA-id"
Severity: #error
Expression: "identifier.where(system in ('urn:oid:1.2.752.129.2.1.4.1' | 'urn:oid:1.2.752.29.4.19' | 'urn:oid:1.2.752.29.6.2.1') and value.matches('^SE[0-9]{10}-[0-9A-Za-z]{1,18}$')).exists()"

Invariant: sluss-3
Description: "The sender is named by an HSA-id / Avsändaren anges med HSA-id"
Severity: #error
Expression: "identifier.where(system in ('urn:oid:1.2.752.129.2.1.4.1' | 'urn:oid:1.2.752.29.4.19' | 'urn:oid:1.2.752.29.6.2.1') and value.matches('^SE[0-9]{10}-[0-9A-Za-z]{1,18}$')).exists()"

Invariant: sluss-6
Description: "The unit or board has an HSA-id / Enheten eller nämnden har HSA-id"
Severity: #error
Expression: "identifier.where(system in ('urn:oid:1.2.752.129.2.1.4.1' | 'urn:oid:1.2.752.29.4.19' | 'urn:oid:1.2.752.29.6.2.1') and value.matches('^SE[0-9]{10}-[0-9A-Za-z]{1,18}$')).exists()"

Invariant: sluss-4
Description: "The person has a number of a known kind / Personen har ett nummer av känt slag"
Severity: #error
Expression: "identifier.where(system in ('http://electronichealth.se/identifier/personnummer' | 'https://terminology.hl7.se/sid/se-personnummer' | 'urn:oid:1.2.752.129.2.1.3.1' | 'http://electronichealth.se/identifier/samordningsnummer' | 'urn:oid:1.2.752.129.2.1.3.3' | 'http://electronichealth.se/identifier/nationelltReservnummer' | 'urn:oid:1.2.752.74.9.1' | 'http://electronichealth.se/identifier/sll-reservnummer' | 'urn:oid:1.2.752.97.3.1.3') and value.exists()).exists()"

Invariant: sluss-5
Description: "A protection label is paired with DEMO / Skyddsmärkning åtföljs av DEMO"
Severity: #warning
Expression: "meta.security.where(system = 'http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel').exists() implies meta.security.where(system = 'http://terminology.hl7.org/CodeSystem/v3-ActCode' and code = 'DEMO').exists()"
