// M14, utskrivningsmeddelande: the patient has left, when, and to what kind of place; or died, or broke the care off.

Instance: Discharged
InstanceOf: MessageDefinition
Usage: #definition
Id: discharged
Title: "Discharged / Utskrivningsmeddelande"
Description: "Region to municipality, the same day: when the patient left, and to what kind of place."
* category = #notification

Profile: DischargedHeader
Parent: ClosedHeader
Id: discharged-header
Title: "Discharged: header / Utskrivningsmeddelande: kuvert"
Description: "Envelope of discharged."
* insert Envelope(discharged, Encounter, §1 M14)
* extension[refersTo] 1..
  * ^short = "The admission notice of the care that has ended"

Profile: DischargedMessage
Parent: ClosedBundle
Id: discharged-message
Title: "Discharged / Utskrivningsmeddelande"
Description: "Region to municipality, the same day: when the patient left, and to what kind of place."
* . ^comment = "domain §1 M14"
* . obeys m14-1
* insert ClosedEntries
* entry[header].resource only DischargedHeader
* insert Carries(discharge, DischargedEncounter, 1..1, The care that has ended)
* insert Carries(unit, SlussUnit, 1..1, The unit that discharged)
* entry[patient].resource only SlussSubject

Profile: DischargedEncounter
Parent: Encounter
Id: discharged-encounter
Title: "Discharged: the care that has ended / Utskrivningsmeddelande: vården som avslutats"
Description: "When it ended, at which unit, and where the patient went."
* . ^short = "The care that has ended"
* . ^comment = "domain §1 M14"
* insert Absent(extension)
* insert Absent(identifier)
* status = #finished
  * ^short = "The care has ended"
* insert Absent(statusHistory)
* class = http://terminology.hl7.org/CodeSystem/v3-ActCode#IMP
  * ^short = "Inpatient"
* insert Absent(classHistory)
* insert Absent(type)
* insert Absent(serviceType)
* insert Absent(priority)
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* insert Absent(subject.display)
* insert Absent(episodeOfCare)
* insert Absent(basedOn)
* insert Absent(participant)
* insert Absent(appointment)
* period 1..
  * ^short = "When"
* insert Absent(period.start)
* period.end 1..
  * ^short = "When the patient left, as in the header"
* insert Absent(length)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(diagnosis)
* insert Absent(account)
* hospitalization 1..
  * ^short = "How the care ended"
* insert Absent(hospitalization.preAdmissionIdentifier)
* insert Absent(hospitalization.origin)
* insert Absent(hospitalization.admitSource)
* insert Absent(hospitalization.reAdmission)
* insert Absent(hospitalization.dietPreference)
* insert Absent(hospitalization.specialCourtesy)
* insert Absent(hospitalization.specialArrangement)
* hospitalization.destination ..0
  * ^short = "The kind of place is told, never which"
  * ^comment = "domain §1 M14, §5"
* hospitalization.dischargeDisposition 1..
* hospitalization.dischargeDisposition from DischargeDestination (required)
  * ^short = "Kind of destination; or died, or interrupted"
* insert Absent(hospitalization.dischargeDisposition.text)
* insert Absent(location)
* serviceProvider 1..
  * ^short = "The unit that discharged"
* serviceProvider.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(serviceProvider.display)
* insert Absent(partOf)

Invariant: m14-1
Description: "Discharge and header name the same time / Utskrivning och huvud anger samma tid"
Severity: #error
Expression: "entry.resource.ofType(Encounter).period.end = entry.resource.ofType(MessageHeader).extension.where(url = 'https://sluss.example/fhir/StructureDefinition/event-time').value"
