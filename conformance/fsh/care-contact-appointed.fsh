// M9, fast vårdkontakt utsedd: who in open care the young person and the board turn to, from which day, and how.

Instance: CareContactAppointed
InstanceOf: MessageDefinition
Usage: #definition
Id: care-contact-appointed
Title: "Permanent care contact appointed / Fast vårdkontakt utsedd"
Description: "Region to municipality, before discharge: the contact, their unit, and the day they were appointed."
* category = #notification

Profile: CareContactAppointedHeader
Parent: NoticeHeader
Id: care-contact-appointed-header
Title: "Permanent care contact appointed: header / Fast vårdkontakt utsedd: kuvert"
Description: "Envelope of care-contact-appointed."
* . ^short = "Envelope"
* . ^comment = "domain §1 M9"
* extension[refersTo] 1..
  * ^short = "The admission notice that led to it"
* event[x] = Event#care-contact-appointed
  * ^short = "Event code"

Profile: CareContactAppointedMessage
Parent: NoticeBundle
Id: care-contact-appointed-message
Title: "Permanent care contact appointed / Fast vårdkontakt utsedd"
Description: "Region to municipality, before discharge: the contact, their unit, and the day they were appointed."
* . ^comment = "domain §1 M9"
* insert ClosedEntries
* entry[header].resource only CareContactAppointedHeader
* entry[notice].resource only CareContactAppointedCommunication
* entry[patient].resource only SlussSubject
* entry[unit] ..1
  * ^short = "The contact's unit"
* insert Carries(contact, ReachablePerson, 1..1, The contact)

Profile: CareContactAppointedCommunication
Parent: Notice
Id: care-contact-appointed-communication
Title: "Permanent care contact appointed: notice / Fast vårdkontakt utsedd: besked"
Description: "Who is the contact of whom, from which day, at which unit."
* . ^short = "Permanent care contact appointed"
* . ^comment = "domain §1 M9"
* category = NoticeKind#care-contact-appointed
  * ^short = "Kind of notice"
* about 1..1
* about only Reference(Practitioner)
  * ^short = "The contact"
* about.reference 1..
  * ^short = "The Practitioner of this message"
* sent obeys day-1
  * ^short = "The day the contact was appointed"
* insert Absent(extension)
* insert Absent(reasonCode)
* insert Absent(payload)
