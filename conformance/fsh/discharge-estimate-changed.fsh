// M7, ändrad beräknad utskrivning: the admission again, with its new estimate, and which notice it changes. More may be
// sent, as in M6; the gateway removes it.

Instance: DischargeEstimateChanged
InstanceOf: MessageDefinition
Usage: #definition
Id: discharge-estimate-changed
Title: "Discharge estimate changed / Ändrad beräknad utskrivning"
Description: "Region to municipality, at once when the estimate changes. Requires the four fields and lets more pass, which the gateway removes."
* category = #notification

Profile: DischargeEstimateChangedHeader
Parent: SlussMessageHeader
Id: discharge-estimate-changed-header
Title: "Discharge estimate changed: header / Ändrad beräknad utskrivning: kuvert"
Description: "Envelope of discharge-estimate-changed."
* insert Envelope(discharge-estimate-changed, Encounter, §1 M7)
* extension[refersTo] 1..
  * ^short = "The admission notice whose estimate changes"

Profile: DischargeEstimateChangedMessage
Parent: SlussMessage
Id: discharge-estimate-changed-message
Title: "Discharge estimate changed / Ändrad beräknad utskrivning"
Description: "Region to municipality, at once when the estimate changes. Requires the four fields and lets more pass, which the gateway removes."
* . ^comment = "domain §1 M7"
* . obeys m7-1 and m7-2
* entry[header].resource only DischargeEstimateChangedHeader
* entry[patient] ^short = "Name, personal number, registered address"
  * ^comment = "domain §1 M6, M7"
* insert Carries(admission, AdmissionEncounter, 1..1, Admission with its new estimate)
* entry[patient].resource only AdmissionPatient

Invariant: m7-1
Description: "The header is about the admission / Huvudet gäller vårdtillfället"
Severity: #error
Expression: "entry.resource.ofType(MessageHeader).focus.reference = entry.where(resource.is(Encounter)).fullUrl"

Invariant: m7-2
Description: "The admission is the patient's / Vårdtillfället är patientens"
Severity: #error
Expression: "entry.resource.ofType(Encounter).subject.reference = entry.where(resource.is(Patient)).fullUrl"
