// What notices share: the receiver learns that something happened to the subject, when, and which unit or board says so.
// Events derive their own from it, and leave out of what stands open here (extension, about, reasonCode, payload) what
// they do not need.

Profile: NoticeHeader
Parent: ClosedHeader
Id: notice-header
Title: "Header of a notice / Huvud till ett meddelande om något som hänt"
Description: "The header is about the notice."
* ^abstract = true
* . ^short = "Envelope"
* . ^comment = "domain §1"
* focus only Reference(Communication)
  * ^short = "The notice"

Profile: NoticeBundle
Parent: ClosedBundle
Id: notice-bundle
Title: "Message with a notice / Meddelande om något som hänt, med sitt huvud"
Description: "Header, notice, subject, and the unit or board that speaks."
* ^abstract = true
* . ^comment = "domain §1"
* entry contains notice 1..1 and unit 1..*
* entry[notice] ^short = "The notice"
* entry[unit] ^short = "The unit or board that speaks"
* entry[unit].resource only SlussUnit

Profile: Notice
Parent: Communication
Id: notice
Title: "Notice / Meddelande om något som hänt"
Description: "Whom it is about, what it is about, when it happened, and which unit or board says so."
* ^abstract = true
* . ^comment = "domain §1"
* . obeys notice-1
* status = #completed
  * ^short = "The notice is given"
* category 1..1
* category from NoticeKind (required)
  * ^short = "Kind of notice"
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* sent 1..
  * ^short = "When it happened, as in the header; when the message left is Bundle.timestamp"
* sender 1..
* sender only Reference(Organization)
  * ^short = "The unit or board that speaks"
* sender.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(identifier)
* insert Absent(instantiatesCanonical)
* insert Absent(instantiatesUri)
* insert Absent(basedOn)
* insert Absent(partOf)
* insert Absent(inResponseTo)
* insert Absent(statusReason)
* insert Absent(priority)
* insert Absent(medium)
* insert Absent(topic)
* insert Absent(encounter)
* insert Absent(received)
* insert Absent(recipient)
* insert Absent(reasonReference)
* insert Absent(note)

Profile: BareSubject
Parent: NumberedPerson
Id: bare-subject
Title: "Subject by number alone / Den som ärendet gäller, bara nummer"
Description: "The number, and what protects it: messages about messages bring no new person data."
* . ^short = "The child or young person, by number alone"
* . ^comment = "domain §1 M20, M21"
* identifier ..1
* insert Absent(extension)
* insert Absent(active)
* insert Absent(name)
* insert Absent(telecom)
* insert Absent(gender)
* insert Absent(birthDate)
* insert Absent(deceased[x])
* insert Absent(address)
* insert Absent(maritalStatus)
* insert Absent(multipleBirth[x])
* insert Absent(photo)
* insert Absent(contact)
* insert Absent(communication)
* insert Absent(generalPractitioner)
* insert Absent(managingOrganization)
* insert Absent(link)

Invariant: notice-1
Description: "Codes and references have no words of their own / Koder och hänvisningar har ingen egen text"
Severity: #error
Expression: "descendants().ofType(CodeableConcept).text.empty() and descendants().ofType(Reference).display.empty()"

Invariant: notice-2
Description: "Notice and header name the same time / Meddelande och huvud anger samma tid"
Severity: #error
Expression: "entry.resource.ofType(Communication).sent = entry.resource.ofType(MessageHeader).extension.where(url = 'https://sluss.example/fhir/StructureDefinition/event-time').value"
