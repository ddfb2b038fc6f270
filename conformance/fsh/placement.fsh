// What the three events of a placement share (M16): which child, the kind and the ground of the placement, its days, the
// board and its case worker, for whom the whereabouts are secret, and where the child stays, when that may be told.

Profile: Placement
Parent: EpisodeOfCare
Id: placement
Title: "Placement, as far as every message tells it / Placering"
Description: "Kind, start, board, case worker, and perhaps where the child stays."
* ^abstract = true
* . ^comment = "domain §1 M1, M16"
* extension contains StayAddress named stayAddress 0..1
* extension[stayAddress] ^short = "Where the child stays, unless protected"
  * ^comment = "domain §1 M1, M16, §5"
* type 1..1
* type from PlacementKind (required)
  * ^short = "Kind of placement"
* patient.reference 1..
  * ^short = "The Patient of this message"
* managingOrganization 1..
  * ^short = "The placing board"
  * ^comment = "domain §1 M1, M16, §6"
* managingOrganization.reference 1..
  * ^short = "The Organization of this message"
* period 1..
  * ^short = "When"
* period.start 1..
  * ^short = "First day of the placement"
* careManager 1..
* careManager only Reference(Practitioner)
  * ^short = "Case worker"
* careManager.reference 1..
  * ^short = "The Practitioner of this message"

Profile: PlacementReport
Parent: Placement
Id: placement-report
Title: "Placement, reported / Placering, underrättelse"
Description: "What a report of a placement tells; the event says what is added."
* ^abstract = true
* . ^comment = "domain §1 M16"
* . obeys placement-2 and placement-3 and words-1
* extension contains
    PlacementGround named ground 1..1 and
    PlacementChangedOn named changedOn 0..1 and
    PlacementEndReason named endReason 0..1 and
    WhereaboutsSecretFor named secretFor 0..*
  * ^slicing.rules = #closed
* extension[ground] ^short = "Ground in law"
* extension[changedOn] ^short = "Day of the change"
* extension[endReason] ^short = "Why it ended"
* extension[secretFor] ^short = "For whom the whereabouts are secret"
  * ^comment = "domain §1 M16, §5"
* period.start obeys day-1
* insert Absent(identifier)
* insert Absent(statusHistory)
* insert Absent(diagnosis)
* insert Absent(referralRequest)
* insert Absent(team)
* insert Absent(account)

Profile: PlacementHeader
Parent: ClosedHeader
Id: placement-header
Title: "Placement: header / Placering: kuvert"
Description: "The header is about the placement."
* ^abstract = true
* . ^comment = "domain §1 M16"
* focus only Reference(EpisodeOfCare)
  * ^short = "The placement"

Profile: PlacementBundle
Parent: ClosedBundle
Id: placement-bundle
Title: "Message about a placement / Meddelande om placering"
Description: "Header, subject, board and case worker; the event adds its placement."
* ^abstract = true
* . ^comment = "domain §1 M16"
* . obeys placement-1
* insert ClosedEntries
* entry contains board 1..1 and caseWorker 1..1
* entry[patient].resource only SlussSubject
* entry[board] ^short = "The placing board"
* entry[board].resource only SlussUnit
* entry[caseWorker] ^short = "The case worker"
* entry[caseWorker].resource only SlussPerson

Extension: PlacementGround
Id: placement-ground
Title: "Ground of the placement / Placeringens lagrum"
Description: "The law that the placement builds on."
Context: EpisodeOfCare
* . ^comment = "domain §1 M16"
* value[x] 1..
* value[x] only code
* value[x] from PlacementGround (required)
  * ^short = "Ground in law"

Extension: PlacementChangedOn
Id: placement-changed-on
Title: "Placement changed on / Placeringen ändrad den"
Description: "The day from which what the message tells holds."
Context: EpisodeOfCare
* . ^comment = "domain §1 M16"
* value[x] 1..
* value[x] only date
  * ^short = "Day of the change"

Extension: PlacementEndReason
Id: placement-end-reason
Title: "Why the placement ended / Varför placeringen upphörde"
Description: "What came after the placement, as far as the receiver needs to know."
Context: EpisodeOfCare
* . ^comment = "domain §1 M16"
* value[x] 1..
* value[x] only code
* value[x] from PlacementEndReason (required)
  * ^short = "Why it ended"

Extension: WhereaboutsSecretFor
Id: whereabouts-secret-for
Title: "Whereabouts secret for / Vistelseort hemlig för"
Description: "Somebody who may not learn where the child stays, apart from any marking in the population register."
Context: EpisodeOfCare
* . ^comment = "domain §5"
* value[x] 1..
* value[x] only code
* value[x] from WhereaboutsSecretFor (required)
  * ^short = "Who may not learn it"

Invariant: placement-1
Description: "Where a protected child stays is not told / Var ett skyddat barn vistas anges inte"
Severity: #error
Expression: "entry.resource.ofType(Patient).meta.security.where(system = 'http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel').exists() implies entry.resource.ofType(EpisodeOfCare).extension('https://sluss.example/fhir/StructureDefinition/stay-address').empty()"

Invariant: placement-2
Description: "Where the child stays is not told when it is secret for anybody / Var barnet vistas anges inte när det är hemligt för någon"
Severity: #error
Expression: "extension('https://sluss.example/fhir/StructureDefinition/whereabouts-secret-for').exists() implies extension('https://sluss.example/fhir/StructureDefinition/stay-address').empty()"

Invariant: placement-3
Description: "Nobody is named twice as one who may not learn the whereabouts / Ingen anges två gånger som den som inte får veta vistelseorten"
Severity: #error
Expression: "extension('https://sluss.example/fhir/StructureDefinition/whereabouts-secret-for').value.isDistinct()"
