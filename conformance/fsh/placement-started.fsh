// M16, placering påbörjad, municipality to region: the child has come to where it is placed (not: the placement was
// decided).

Profile: PlacementStartedMessage
Parent: PlacementBundle
Id: placement-started-message
Title: "Placement started / Placering påbörjad"
Description: "Placering påbörjad, municipality to region."
* . ^comment = "domain §1 M16"
* entry[header].resource only PlacementStartedHeader
* insert Carries(placement, PlacementStarted, 1..1, The placement)

Profile: PlacementStartedHeader
Parent: PlacementHeader
Id: placement-started-header
Title: "Placement started: header / Placering påbörjad: kuvert"
Description: "Envelope of placement-started."
* . ^comment = "domain §1 M16"
* event[x] = Event#placement-started
  * ^short = "Event code"

Profile: PlacementStarted
Parent: PlacementReport
Id: placement-started
Title: "Placement started: placement / Placering påbörjad: placering"
Description: "The placement as it began."
* . ^comment = "domain §1 M16"
* extension[changedOn] ..0
  * ^short = "Nothing has changed yet"
* extension[endReason] ..0
  * ^short = "It has not ended"
* status = #active
  * ^short = "Under way"
* insert Absent(period.end)

Instance: PlacementStarted
InstanceOf: MessageDefinition
Usage: #definition
Id: placement-started
Title: "Placement started / Placering påbörjad"
Description: "M16, municipality to region: a child is placed outside the home."
* category = #notification
