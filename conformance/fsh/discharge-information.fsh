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
Title: "Discharge information: header / Information vid utskrivning: kuvert"
Description: "Envelope of discharge-information."
* insert Envelope(discharge-information, Composition, §1 M13)
* extension[refersTo] 1..
  * ^short = "The admission notice of the care that ends"

Profile: DischargeInformationMessage
Parent: ClosedBundle
Id: discharge-information-message
Title: "Discharge information / Information vid utskrivning"
Description: "Region to municipality, on the day of discharge: what is needed to give care and support."
* . ^comment = "domain §1 M13"
* insert ClosedEntries
* entry[header].resource only DischargeInformationHeader
* insert Carries(information, DischargeInformationComposition, 1..1, The information)
* insert Carries(unit, SlussUnit, 1..1, The unit that discharges)
* entry[patient].resource only SlussSubject

Profile: DischargeInformationComposition
Parent: Composition
Id: discharge-information-composition
Title: "Discharge information: content / Information vid utskrivning: innehåll"
Description: "The day of discharge, and a section for each part of what the municipality needs."
* . ^short = "Information"
* . ^comment = "domain §1 M13"
* insert Absent(extension)
* insert Absent(identifier)
* status = #final
  * ^short = "Final"
* type = Event#discharge-information
  * ^short = "Discharge information"
* type.text ..0
  * ^short = "No words of its own"
* insert Absent(category)
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* insert Absent(subject.display)
* insert Absent(encounter)
* author ..1
* author only Reference(Organization)
  * ^short = "The unit that discharges"
* author.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(author.display)
* title = "Information vid utskrivning"
  * ^short = "The same for all, so that it tells nothing"
* insert Absent(confidentiality)
* insert Absent(attester)
* insert Absent(custodian)
* insert Absent(relatesTo)
* event 1..1
  * ^short = "The care that ends"
* insert Absent(event.code)
* event.period 1..
  * ^short = "When"
* insert Absent(event.period.start)
* event.period.end 1..
* event.period.end obeys day-1
  * ^short = "The day of discharge"
* insert Absent(event.detail)
* section 1..
* section obeys m13-1
  * ^short = "A section for each part, told in plain words"
* . obeys m13-2
* insert Absent(section.extension)
* insert Absent(section.title)
* section.code 1..
* section.code from DischargePart (required)
  * ^short = "Which part"
* section.code.text ..0
  * ^short = "No words of its own"
* insert Absent(section.author)
* insert Absent(section.focus)
* section.text 1..
  * ^short = "In plain words"
  * ^comment = "domain §1 M13, §8"
* insert Absent(section.mode)
* insert Absent(section.orderedBy)
* section.entry ..0
  * ^short = "Findings and their codes stay in the record"
  * ^comment = "domain §8"
* insert Absent(section.emptyReason)
* insert Absent(section.section)

Invariant: m13-1
Description: "A part has at most 4,000 characters / En del har högst 4 000 tecken"
Severity: #error
Expression: "text.div.replaceMatches('</p>|<br[^>]*>', ' ').replaceMatches('<[^>]*>', '').unescape('html').trim().length() <= 4000"

Invariant: m13-2
Description: "No part is told twice / Ingen del berättas två gånger"
Severity: #error
Expression: "section.code.coding.where(system = 'https://sluss.example/fhir/CodeSystem/discharge-part').code.isDistinct()"
