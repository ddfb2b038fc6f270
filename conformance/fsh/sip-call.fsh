// M10, kallelse till SIP, region to municipality: when and how the meeting is held, who is called, and how the consent
// stands. FHIR's own rule app-2 wants an end beside a start, and a call may leave the end open: so the time stands in
// requestedPeriod, and the appointment is a proposal.

Profile: SipCallMessage
Parent: ClosedBundle
Id: sip-call-message
Title: "Call to coordinated individual planning / Kallelse till SIP"
Description: "Kallelse till SIP, region to municipality; the sender is the permanent care contact in open care."
* . ^comment = "domain §1 M10"
* insert ClosedEntries
* entry contains call 1..1 and caller 1..1 and unit 1..1
* entry[header].resource only SipCallHeader
* entry[patient].resource only SlussSubject
* entry[call] ^short = "The call"
* entry[call].resource only SipCallAppointment
* entry[caller] ^short = "The permanent care contact who calls"
* entry[caller].resource only ReachablePerson
* entry[unit] ^short = "The unit of the care contact"
* entry[unit].resource only SlussUnit

Profile: SipCallHeader
Parent: ClosedHeader
Id: sip-call-header
Title: "Call to coordinated individual planning: header / Kallelse till SIP: kuvert"
Description: "Envelope of sip-call."
* . ^comment = "domain §1 M10"
* event[x] = Event#sip-call
  * ^short = "Event code"
* focus only Reference(Appointment)
  * ^short = "The call"

Profile: SipCallAppointment
Parent: Appointment
Id: sip-call-appointment
Title: "Call to coordinated individual planning: meeting / Kallelse till SIP: möte"
Description: "Time, mode, place or link, who calls, who is called, and how the consent stands."
* . ^comment = "domain §1 M10"
* . obeys m10-1 and m10-2 and m10-3 and m10-5 and words-1
* extension contains
    MeetingMode named mode 1..1 and
    MeetingPlace named place 0..1 and
    MeetingLink named link 0..1 and
    SipConsent named consent 1..1 and
    CallingUnit named unit 1..1
  * ^slicing.rules = #closed
* extension[mode] ^short = "How they meet"
* extension[place] ^short = "Where they meet"
* extension[link] ^short = "Where they meet on video"
* extension[consent] ^short = "How the consent to planning stands"
* extension[unit] ^short = "The unit of the care contact"
* status = #proposed
  * ^short = "A call is a proposal until everybody has answered"
* participant ^slicing.discriminator.type = #value
  * ^slicing.discriminator.path = "actor.type"
  * ^slicing.rules = #open
  * ^short = "The subject and the caller by reference; the others by name"
* participant ..52
* participant contains patient 1..1 and caller 1..1
* participant obeys m10-4
* participant.extension contains ParticipantUnit named unit 0..1
  * ^slicing.rules = #closed
* participant.extension[unit] ^short = "Where the participant works"
* participant.type 1..1
* participant.type from SipRole (required)
  * ^short = "The participant's role"
* participant.actor 1..
  * ^short = "Who"
* participant.actor.display ^maxLength = 200
  * ^short = "Name, of one who is not a resource of this message"
* insert Participant(patient, [[The child or young person]], Patient, young-person)
* insert Participant(caller, [[The permanent care contact who calls]], Practitioner, care-contact)
* insert Absent(participant.period)
* requestedPeriod 1..1
  * ^short = "When they meet"
* requestedPeriod.start 1..
* requestedPeriod.start obeys moment-1
  * ^short = "Start of the meeting"
* requestedPeriod.end obeys moment-1
  * ^short = "End of the meeting"
* insert Absent(identifier)
* insert Absent(cancelationReason)
* insert Absent(serviceCategory)
* insert Absent(serviceType)
* insert Absent(specialty)
* insert Absent(appointmentType)
* insert Absent(reasonCode)
* insert Absent(reasonReference)
* insert Absent(priority)
* insert Absent(description)
* insert Absent(supportingInformation)
* insert Absent(start)
* insert Absent(end)
* insert Absent(minutesDuration)
* insert Absent(slot)
* insert Absent(created)
* insert Absent(comment)
* insert Absent(patientInstruction)
* insert Absent(basedOn)

RuleSet: Participant(slice, title, type, role)
* participant[{slice}] ^short = "{title}"
* participant[{slice}].type = SipRole#{role}
* participant[{slice}].actor.reference 1..
* participant[{slice}].actor.type = "{type}"

Extension: MeetingMode
Id: meeting-mode
Title: "Mode of meeting / Mötesform"
Description: "Do they meet in a place, on video, or by phone?"
Context: Appointment
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only code
* value[x] from MeetingMode (required)
  * ^short = "Mode of meeting"

Extension: MeetingPlace
Id: meeting-place
Title: "Place of meeting / Mötesplats"
Description: "Where they meet, in words."
Context: Appointment
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only string
  * ^maxLength = 4000
  * ^short = "Place in words"

Extension: MeetingLink
Id: meeting-link
Title: "Link to the meeting / Möteslänk"
Description: "Where the meeting is held on video."
Context: Appointment
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only url
* value[x] obeys m10-6
* value[x] ^maxLength = 1000
  * ^short = "Address of the meeting"

Extension: SipConsent
Id: sip-consent
Title: "Consent to planning / Samtycke till SIP"
Description: "Is the consent that a plan needs given, not asked for yet, or refused?"
Context: Appointment
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only code
* value[x] from SipConsent (required)
  * ^short = "How the consent stands"

Extension: CallingUnit
Id: calling-unit
Title: "Unit that calls / Kallande enhet"
Description: "The unit of the care contact who calls; FHIR has no organisation among those who take part."
Context: Appointment
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only Reference(Organization)
  * ^short = "The Organization of this message"

Extension: ParticipantUnit
Id: participant-unit
Title: "Where a participant works / Deltagarens enhet"
Description: "The unit, school or board of somebody who is called, in words."
Context: Appointment.participant
* . ^comment = "domain §1 M10"
* value[x] 1..
* value[x] only string
  * ^maxLength = 4000
  * ^short = "Unit in words"

Invariant: m10-1
Description: "A meeting in a place has the place, and no other has one / Ett fysiskt möte har en plats, inget annat möte har det"
Severity: #error
Expression: "(extension('https://sluss.example/fhir/StructureDefinition/meeting-mode').value = 'physical') = extension('https://sluss.example/fhir/StructureDefinition/meeting-place').exists()"

Invariant: m10-2
Description: "A meeting on video has the link, and no other has one / Ett videomöte har en länk, inget annat möte har det"
Severity: #error
Expression: "(extension('https://sluss.example/fhir/StructureDefinition/meeting-mode').value = 'video') = extension('https://sluss.example/fhir/StructureDefinition/meeting-link').exists()"

Invariant: m10-3
Description: "A meeting ends after it starts / Ett möte slutar efter att det börjat"
Severity: #error
Expression: "requestedPeriod.end.exists() implies requestedPeriod.end > requestedPeriod.start"

Invariant: m10-4
Description: "Who is not a resource of this message is told by name alone / Den som inte är en resurs i meddelandet anges bara med namn"
Severity: #error
Expression: "actor.type in ('Patient' | 'Practitioner') or (actor.display.exists() and actor.reference.empty() and actor.identifier.empty())"

Invariant: m10-5
Description: "Somebody is called beside the subject and the caller / Någon mer än den unge och den som kallar är kallad"
Severity: #error
Expression: "participant.where(actor.type.empty()).exists()"

Invariant: m10-6
Description: "A link begins with https / En länk börjar med https"
Severity: #error
Expression: "startsWith('https://')"

Instance: SipCall
InstanceOf: MessageDefinition
Usage: #definition
Id: sip-call
Title: "Call to coordinated individual planning / Kallelse till SIP"
Description: "M10, region to municipality: a call to the meeting where the plan is made."
* category = #consequence
