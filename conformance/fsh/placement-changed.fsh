// M16, placering ändrad, municipality to region: the placement goes on, but not as it was told before. The whole
// placement is told again as it is from the day of the change.

Profile: PlacementChangedMessage
Parent: PlacementBundle
Id: placement-changed-message
Title: "Placement changed / Placering ändrad"
Description: "Placering ändrad, municipality to region."
* . ^comment = "domain §1 M16"
* entry[header].resource only PlacementChangedHeader
* insert Carries(placement, PlacementChanged, 1..1, The placement)

Profile: PlacementChangedHeader
Parent: PlacementHeader
Id: placement-changed-header
Title: "Placement changed: header / Placering ändrad: kuvert"
Description: "Envelope of placement-changed; it refers to the message before."
* . ^comment = "domain §1 M16"
* extension[refersTo] 1..
  * ^short = "The message that told the placement before"
* event[x] = Event#placement-changed
  * ^short = "Event code"

Profile: PlacementChanged
Parent: PlacementReport
Id: placement-changed
Title: "Placement changed: placement / Placering ändrad: placering"
Description: "The placement as it is from the day of the change."
* . ^comment = "domain §1 M16"
* . obeys m16-1
* extension[changedOn] 1..
  * ^short = "Day of the change"
* extension[endReason] ..0
  * ^short = "It has not ended"
* status = #active
  * ^short = "Under way"
* insert Absent(period.end)

Invariant: m16-1
Description: "A placement changes on its first day or later / En placering ändras sin första dag eller senare"
Severity: #error
Expression: "extension('https://sluss.example/fhir/StructureDefinition/placement-changed-on').value >= period.start"

Instance: PlacementChanged
InstanceOf: MessageDefinition
Usage: #definition
Id: placement-changed
Title: "Placement changed / Placering ändrad"
Description: "M16, municipality to region: a placement is not what it was."
* category = #notification
