// What messages share that carry what their event needs and no more: the Bundle, the envelope, the subject, a unit and
// a person. Not the notices of admission (M6, M7): what they carry beyond, the gateway removes.

RuleSet: Absent(path)
* {path} ..0
  * ^short = "Not sent"

// Entries by resource, and no others than those that the profile names.
RuleSet: ClosedEntries
* entry ^slicing.discriminator.type = #type
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.ordered = false
* entry ^slicing.rules = #closed

Profile: ClosedBundle
Parent: SlussMessage
Id: closed-bundle
Title: "Message that carries no more than its event needs / Meddelande som inte bär mer än händelsen kräver"
Description: "Every reference stays within the message, nothing is told in narrative, and no extension is unknown."
* ^abstract = true
* . ^comment = "domain §1"
* . obeys closed-1 and closed-2 and closed-3

Invariant: closed-1
Description: "Every reference leads to a resource of the message / Varje hänvisning leder till en resurs i meddelandet"
Severity: #error
Expression: "entry.resource.descendants().ofType(Reference).reference.all($this in %resource.entry.fullUrl)"

Invariant: closed-2
Description: "There is no narrative and no contained resource / Här finns ingen löpande sammanfattning och ingen inbäddad resurs"
Severity: #error
Expression: "entry.resource.ofType(DomainResource).all(text.empty() and contained.empty())"

Invariant: closed-3
Description: "Extensions are ours or those of HL7 Sweden's base profiles / Tillägg är våra egna eller de som HL7 Sveriges basprofiler har"
Severity: #error
Expression: "entry.resource.descendants().ofType(Extension).where(url.contains(':')).url.all(startsWith('https://sluss.example/fhir/StructureDefinition/') or startsWith('http://hl7.se/fhir/ig/base/StructureDefinition/') or $this = 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier')"

Profile: ClosedHeader
Parent: SlussMessageHeader
Id: closed-header
Title: "Header that says no more than the envelope needs / Huvud som inte säger mer än det måste"
Description: "Sender and receiver are named by HSA-id; no person stands in the envelope."
* ^abstract = true
* . ^short = "Envelope"
* . ^comment = "domain §1"
* insert Absent(destination.target)
* insert Absent(enterer)
* insert Absent(author)
* insert Absent(source.contact)
* insert Absent(responsible)
* insert Absent(reason)

Profile: SlussSubject
Parent: SlussPatient
Id: sluss-subject
Title: "Subject, and no more about the person than a message needs / Den som ärendet gäller, och inte mer"
Description: "Number, official name, perhaps birth date and address; no address for a protected person, never phone or relatives."
* . ^short = "The child or young person"
* . ^comment = "domain §1, §5"
* . obeys subject-1
* name.family ^maxLength = 200
* name.given ..10
  * ^maxLength = 200
* birthDate obeys day-1
  * ^short = "Birth date, which may differ from the number"
* address ..1
* address obeys subject-2
  * ^short = "Registered address"
* address.line ..4
  * ^maxLength = 200
  * ^short = "Lines above the postal code"
* address.city ^maxLength = 200
  * ^short = "Postal town"
* insert Absent(extension)
* insert Absent(active)
* insert Absent(telecom)
* insert Absent(gender)
* insert Absent(deceased[x])
* insert Absent(maritalStatus)
* insert Absent(multipleBirth[x])
* insert Absent(photo)
* insert Absent(contact)
* insert Absent(communication)
* insert Absent(generalPractitioner)
* insert Absent(managingOrganization)
* insert Absent(link)

Invariant: subject-1
Description: "A protected person has no address here / En person med skyddade uppgifter har ingen adress här"
Severity: #error
Expression: "meta.security.where(system = 'http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel').exists() implies address.empty()"

Invariant: subject-2
Description: "The address is the registered one, and whole / Adressen är folkbokföringsadressen, och fullständig"
Severity: #error
Expression: "extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').value.coding.where(system = 'http://snomed.info/sct' and code = '63381000052101').exists() and line.exists() and postalCode.exists() and postalCode.matches('^[0-9]{3} ?[0-9]{2}$') and city.exists()"

Invariant: day-1
Description: "A day is told in full, without a time / En dag anges helt, utan klockslag"
Severity: #error
Expression: "toString().matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

Profile: SlussUnit
Parent: SlussOrganization
Id: sluss-unit
Title: "Unit or board, and no more about it / Enhet eller nämnd, och inte mer"
Description: "HSA-id and name."
* . ^short = "Unit or board"
* . ^comment = "domain §1, §6"
* name ^maxLength = 200
  * ^short = "Name"
* insert Absent(extension)
* insert Absent(active)
* insert Absent(type)
* insert Absent(alias)
* insert Absent(telecom)
* insert Absent(address)
* insert Absent(partOf)
* insert Absent(contact)
* insert Absent(endpoint)

Profile: SlussPerson
Parent: http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePractitioner
Id: sluss-person
Title: "Person at work, and no more about them / Person i tjänsten, och inte mer"
Description: "Name as written, and phone or mail."
* . ^short = "Person at work"
* . ^comment = "domain §1"
* . obeys person-1
* telecom obeys person-2
  * ^short = "Phone or mail"
* name 1..
  * ^short = "Name"
* name.text 1..
  * ^maxLength = 200
  * ^short = "Name as written"
* telecom.value 1..
  * ^short = "Number or address"
* insert Absent(extension)
* insert Absent(identifier)
* insert Absent(active)
* insert Absent(address)
* insert Absent(gender)
* insert Absent(birthDate)
* insert Absent(photo)
* insert Absent(qualification)
* insert Absent(communication)

Invariant: person-1
Description: "Ways to reach the person are phone and email, each at most once / Kontaktvägarna är telefon och e-post, högst en av varje"
Severity: #error
Expression: "telecom.all(system = 'phone' or system = 'email') and telecom.system.isDistinct()"

Invariant: person-2
Description: "A phone is digits, an email is an address / Telefon är siffror, e-post är en adress"
Severity: #error
Expression: "(system = 'phone' implies value.matches('^[+0-9][0-9 ()-]{4,29}$')) and (system = 'email' implies value.length() <= 254 and value.matches('^[^ @]+@[^ @]+$'))"

Profile: ReachablePerson
Parent: SlussPerson
Id: reachable-person
Title: "Person at work who can be reached / Person i tjänsten som går att nå"
Description: "A person with phone or mail."
* . ^comment = "domain §1 M9, M10"
* telecom 1..
  * ^short = "Phone or mail"
