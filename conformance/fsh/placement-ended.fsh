// M16, placering avslutad, municipality to region: the child has left where it was placed, and is not moved on under the
// same placement.

Profile: PlacementEndedMessage
Parent: PlacementBundle
Id: placement-ended-message
Title: "Placement ended / Placering avslutad"
Description: "Placering avslutad, municipality to region."
* . ^comment = "domain §1 M16"
* entry[header].resource only PlacementEndedHeader
* insert Carries(placement, PlacementEnded, 1..1, The placement)

Profile: PlacementEndedHeader
Parent: PlacementHeader
Id: placement-ended-header
Title: "Placement ended: header / Placering avslutad: kuvert"
Description: "Envelope of placement-ended; it refers to the message before."
* . ^comment = "domain §1 M16"
* extension[refersTo] 1..
  * ^short = "The message that told the placement before"
* event[x] = Event#placement-ended
  * ^short = "Event code"

Profile: PlacementEnded
Parent: PlacementReport
Id: placement-ended
Title: "Placement ended: placement / Placering avslutad: placering"
Description: "The placement with its last day and why it ended."
* . ^comment = "domain §1 M16"
* extension[changedOn] ..0
  * ^short = "The end is the change"
* extension[endReason] 1..
  * ^short = "Why it ended"
* status = #finished
  * ^short = "Ended"
* period.end 1..
* period.end obeys day-1
  * ^short = "Last day of the placement"

Instance: PlacementEnded
InstanceOf: MessageDefinition
Usage: #definition
Id: placement-ended
Title: "Placement ended / Placering avslutad"
Description: "M16, municipality to region: a placement is over."
* category = #notification
