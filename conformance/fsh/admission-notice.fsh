// M6, inskrivningsmeddelande: four fields. More may be sent; the gateway removes it and tells the sender.

Instance: AdmissionNotice
InstanceOf: MessageDefinition
Usage: #definition
Id: admission-notice
Title: "Admission notice / Inskrivningsmeddelande"
Description: "Inskrivningsmeddelande, region to municipality. Requires the four fields and lets more pass, which the gateway removes."
* category = #notification
* allowedResponse[0].message = Canonical(admission-reply)

Profile: AdmissionNoticeMessage
Parent: SlussMessage
Id: admission-notice-message
Title: "Admission notice / Inskrivningsmeddelande"
Description: "Inskrivningsmeddelande, region to municipality. Requires the four fields and lets more pass, which the gateway removes."
* . ^comment = "domain §1 M6"
* . obeys m6-3 and m6-4
* entry[header].resource only AdmissionNoticeHeader
* insert Carries(admission, AdmissionEncounter, 1..1, Admission with its estimated discharge)
* entry[patient].resource only AdmissionPatient

Profile: AdmissionNoticeHeader
Parent: SlussMessageHeader
Id: admission-notice-header
Title: "Admission notice: header / Inskrivningsmeddelande: kuvert"
Description: "Envelope of admission-notice."
* insert Envelope(admission-notice, Encounter, §1 M6)

Profile: AdmissionEncounter
Parent: Encounter
Id: admission-encounter
Title: "Admission / Inskrivning"
Description: "The admission with its estimated discharge. More may be sent; the gateway removes it."
* . ^comment = "domain §1 M6"
* extension ^short = "What R4 has no element for"
* extension contains EncounterPlannedEndDate named plannedEndDate 1..1
* extension[plannedEndDate] ^short = "Estimated discharge"
* status = #in-progress
  * ^short = "The patient is in hospital"
* class = http://terminology.hl7.org/CodeSystem/v3-ActCode#IMP
  * ^short = "Inpatient"
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"

Profile: AdmissionPatient
Parent: SlussPatient
Id: admission-patient
Title: "Subject of an admission notice / Den som inskrivningen gäller"
Description: "Three of the four fields: name, personal number, registered address. More may be sent; the gateway removes it."
* . ^short = "Name, personal number, registered address"
* . ^comment = "domain §1 M6"
* . obeys m6-1 and m6-2

Extension: EncounterPlannedEndDate
Id: encounter-planned-end-date
Title: "Estimated discharge / Beräknad utskrivning"
Description: "Stand-in for R5's Encounter.plannedEndDate as HL7 derives extensions for R4 from it, so that messages can be checked without a further package."
Context: Encounter
* ^url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
* . ^comment = "domain §1 M6"
* value[x] 1..
* value[x] only dateTime
* value[x] obeys m6-5
  * ^short = "Estimated discharge"

Invariant: m6-5
Description: "The estimate is at least a day / Beräkningen anger minst en dag"
Severity: #error
Expression: "toString().length() >= 10"

Invariant: m6-3
Description: "The header is about the admission / Huvudet gäller inskrivningen"
Severity: #error
Expression: "entry.resource.ofType(MessageHeader).focus.reference = entry.where(resource.is(Encounter)).fullUrl"

Invariant: m6-4
Description: "The admission is the patient's / Inskrivningen är patientens"
Severity: #error
Expression: "entry.resource.ofType(Encounter).subject.reference = entry.where(resource.is(Patient)).fullUrl"

Invariant: m6-1
Description: "The registered address is there, unless the person is protected / Folkbokföringsadressen finns med, om personen inte är skyddad"
Severity: #error
Expression: "address.where(extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').value.coding.where(system = 'http://snomed.info/sct' and code = '63381000052101').exists() and line.exists() and postalCode.exists() and city.exists()).exists() or meta.security.where(system = 'http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel').exists()"

Invariant: m6-2
Description: "There is at most one registered address / Högst en folkbokföringsadress"
Severity: #error
Expression: "address.where(extension.where(url = 'http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension').value.coding.where(system = 'http://snomed.info/sct' and code = '63381000052101').exists() and line.exists() and postalCode.exists() and city.exists()).count() <= 1"
