// M13, information vid utskrivning: what the municipality needs to give care and support from the day of discharge, in
// plain words. Findings and their codes stay in the record (domain §8).

Instance: DischargeInformation
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-information
Title: "Discharge information / Information vid utskrivning"
Description: "Region to municipality, on the day of discharge: what is needed to give care and support."
* category = #notification

Profile: DischargeInformationHeader
Parent: ClosedHeader
Id: discharge-information-header
Title: "Discharge information: header"
Description: "Envelope of discharge-information. Kuvert."
* . ^short = "Envelope"
* . ^comment = "domain §1 M13"
* extension[refersTo] 1..
* extension[refersTo] ^short = "The admission notice of the care that ends"
* event[x] = https://sluss.example/fhir/CodeSystem/event#discharge-information
* event[x] ^short = "Event code"
* focus only Reference(Composition)
* focus ^short = "The information"

Profile: DischargeInformationMessage
Parent: ClosedBundle
Id: discharge-information-message
Title: "Discharge information / Information vid utskrivning"
Description: "Region to municipality, on the day of discharge: what is needed to give care and support."
* . ^short = "Discharge information"
* . ^comment = "domain §1 M13"
* insert ClosedEntries
* entry ^short = "Header first, then what it is about"
* entry contains information 1..1 and unit 1..1
* entry[header] ^short = "Envelope"
* entry[header].resource only DischargeInformationHeader
* entry[information] ^short = "The information"
* entry[information].resource only DischargeInformationComposition
* entry[patient] ^short = "The child or young person"
* entry[patient].resource only SlussSubject
* entry[unit] ^short = "The unit that discharges"
* entry[unit].resource only SlussUnit

Profile: DischargeInformationComposition
Parent: Composition
Id: discharge-information-composition
Title: "Discharge information: content"
Description: "The day of discharge, and a section for each part of what the municipality needs. Information vid utskrivning."
* . ^short = "Information"
* . ^comment = "domain §1 M13"
* insert Absent(extension)
* insert Absent(identifier)
* status = #final
* status ^short = "Final"
* type = https://sluss.example/fhir/CodeSystem/event#discharge-information
* type ^short = "Discharge information"
* type.text ..0
* type.text ^short = "No words of its own"
* insert Absent(category)
* subject 1..
* subject only Reference(Patient)
* subject ^short = "The child or young person"
* subject.reference 1..
* subject.reference ^short = "The Patient of this message"
* insert Absent(subject.display)
* insert Absent(encounter)
* author ..1
* author only Reference(Organization)
* author ^short = "The unit that discharges"
* author.reference 1..
* author.reference ^short = "The Organization of this message"
* insert Absent(author.display)
* title = "Information vid utskrivning"
* title ^short = "The same for all, so that it tells nothing"
* insert Absent(confidentiality)
* insert Absent(attester)
* insert Absent(custodian)
* insert Absent(relatesTo)
* event 1..1
* event ^short = "The care that ends"
* insert Absent(event.code)
* event.period 1..
* event.period obeys m13-1
* event.period ^short = "When"
* insert Absent(event.period.start)
* insert Absent(event.detail)
* section 1..
* section obeys m13-2
* section ^short = "A section for each part, told in plain words"
* . obeys m13-3
* insert Absent(section.extension)
* insert Absent(section.title)
* section.code 1..
* section.code from https://sluss.example/fhir/ValueSet/discharge-part (required)
* section.code ^short = "Which part"
* section.code.text ..0
* section.code.text ^short = "No words of its own"
* insert Absent(section.author)
* insert Absent(section.focus)
* section.text 1..
* section.text ^short = "In plain words"
* section.text ^comment = "domain §1 M13, §8"
* insert Absent(section.mode)
* insert Absent(section.orderedBy)
* section.entry ..0
* section.entry ^short = "Findings and their codes stay in the record"
* section.entry ^comment = "domain §8"
* insert Absent(section.emptyReason)
* insert Absent(section.section)

Invariant: m13-1
Description: "The discharge has a day, without a time / Utskrivningen har en dag, utan klockslag"
Severity: #error
Expression: "end.exists() and end.toString().matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

Invariant: m13-2
Description: "A part has at most 4,000 characters / En del har högst 4 000 tecken"
Severity: #error
Expression: "text.div.replaceMatches('<[^>]*>', '').unescape('html').length() <= 4000"

Invariant: m13-3
Description: "No part is told twice / Ingen del berättas två gånger"
Severity: #error
Expression: "section.code.coding.where(system = 'https://sluss.example/fhir/CodeSystem/discharge-part').code.isDistinct()"
