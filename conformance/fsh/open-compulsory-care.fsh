// M19, öppen psykiatrisk tvångsvård: the decision counts as ready for discharge (M11); the plan that follows is a
// samordnad vårdplan, not a SIP.

Instance: OpenCompulsoryCare
InstanceOf: MessageDefinition
Usage: #definition
Id: open-compulsory-care
Title: "Open compulsory psychiatric care / Öppen psykiatrisk tvångsvård"
Description: "Region to the unit that takes over; counts as ready for discharge: who, when it was decided, which unit says so."
* category = #notification

Profile: OpenCompulsoryCareHeader
Parent: NoticeHeader
Id: open-compulsory-care-header
Title: "Open compulsory psychiatric care: header / Öppen psykiatrisk tvångsvård: kuvert"
Description: "Envelope of open-compulsory-care."
* . ^short = "Envelope"
* . ^comment = "domain §1 M19"
* event[x] = Event#open-compulsory-care
  * ^short = "Event code"

Profile: OpenCompulsoryCareMessage
Parent: NoticeBundle
Id: open-compulsory-care-message
Title: "Open compulsory psychiatric care / Öppen psykiatrisk tvångsvård"
Description: "Region to the unit that takes over; counts as ready for discharge: who, when it was decided, which unit says so."
* . ^comment = "domain §1 M19"
* . obeys notice-2
* insert ClosedEntries
* entry[header].resource only OpenCompulsoryCareHeader
* entry[notice].resource only OpenCompulsoryCareCommunication
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The unit that decided"

Profile: OpenCompulsoryCareCommunication
Parent: Notice
Id: open-compulsory-care-communication
Title: "Open compulsory psychiatric care: notice / Öppen psykiatrisk tvångsvård: besked"
Description: "Whom the decision is about, when it was taken, at which unit."
* . ^short = "Open compulsory psychiatric care"
* . ^comment = "domain §1 M19"
* category = NoticeKind#open-compulsory-care
  * ^short = "Kind of notice"
* insert Absent(extension)
* insert Absent(about)
* insert Absent(reasonCode)
* insert Absent(payload)
