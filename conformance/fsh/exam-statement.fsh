// M5, utlåtande efter hälsoundersökning.

Instance: ExamStatement
InstanceOf: MessageDefinition
Usage: #definition
Id: exam-statement
Title: "Examination statement / Utlåtande"
Description: "Utlåtande, region to municipality."
* category = #notification

Profile: ExamStatementMessage
Parent: ClosedBundle
Id: exam-statement-message
Title: "Examination statement / Utlåtande"
Description: "Utlåtande, region to municipality."
* . ^comment = "domain §1 M5"
* entry[header].resource only ExamStatementHeader
* entry[patient].resource only SlussSubject
* insert Carries(statement, ExamStatementComposition, 1..1, The statement)
* insert Carries(unit, SlussUnit, 1..1, The unit that examined)
* insert ClosedEntries

Profile: ExamStatementHeader
Parent: ClosedHeader
Id: exam-statement-header
Title: "Examination statement: header / Utlåtande: kuvert"
Description: "Envelope of exam-statement."
* insert Envelope(exam-statement, Composition, §1 M5)

Profile: ExamStatementComposition
Parent: Composition
Id: exam-statement-composition
Title: "Examination statement: contents / Utlåtande: innehåll"
Description: "Status of each domain in plain words, need of care, follow-up, and what the board should see to."
* . ^short = "Statement"
* . ^comment = "domain §1 M5"
* . obeys notice-1
* status = #final
  * ^short = "Final"
* type = Exam#exam-statement
  * ^short = "Examination statement"
* subject 1..
* subject only Reference(Patient)
  * ^short = "The child or young person"
* subject.reference 1..
  * ^short = "The Patient of this message"
* author ..1
* author only Reference(Organization)
  * ^short = "The unit that examined"
* author.reference 1..
  * ^short = "The Organization of this message"
* insert Absent(extension)
* insert Absent(identifier)
* insert Absent(encounter)
* insert Absent(category)
* insert Absent(confidentiality)
* insert Absent(attester)
* insert Absent(custodian)
* insert Absent(relatesTo)
* insert Absent(event.code)
* insert Absent(event.detail)
* insert Absent(section.author)
* insert Absent(section.focus)
* insert Absent(section.mode)
* insert Absent(section.orderedBy)
* insert Absent(section.emptyReason)
* event 1..1
  * ^short = "The examination"
* event.period 1..
* event.period obeys m5-1
  * ^short = "When"
* section ^slicing.discriminator.type = #pattern
* section obeys m5-2 and m5-3 and m5-4
  * ^slicing.discriminator.path = "code"
  * ^short = "One section per domain, then the parts of the statement; no others, because the receiver would never see them"
  * ^slicing.rules = #closed
* section contains 
    physical 1..1 and
    mental 1..1 and
    oral 1..1 and
    needOfCare 0..1 and
    followUp 0..1 and
    boardShouldSeeTo 0..1
* section.extension contains 
    ExamDone named examDone 0..1 and
    NotDoneReason named notDoneReason 0..1
* section.extension[examDone] ^short = "Was the domain examined?"
* section.extension[notDoneReason] ^short = "Why not"
* section.code 1..
  * ^short = "Which domain or part"
* section.text 1..
  * ^short = "In plain words"
  * ^comment = "domain §1 M5, §8"
* section.entry ..0
  * ^short = "Findings and their codes stay in the record"
  * ^comment = "domain §8"
* section.section ..0
  * ^short = "No sections within"
* section[physical] ^short = "Physical health"
* section[physical].code = ExamPart#physical
* section[mental] ^short = "Mental health"
* section[mental].code = ExamPart#mental
* section[oral] ^short = "Oral health"
* section[oral].code = ExamPart#oral
* section[needOfCare] ^short = "Need of care"
* section[needOfCare].code = StatementPart#need-of-care
* section[followUp] ^short = "Follow-up"
* section[followUp].code = StatementPart#follow-up
* section[boardShouldSeeTo] ^short = "What the board should see to"
* section[boardShouldSeeTo].code = StatementPart#board-should-see-to

Extension: ExamDone
Id: exam-done
Title: "Domain examined / Undersökt område"
Description: "Was this domain examined?"
Context: Composition.section
* . ^comment = "domain §1 M5"
* value[x] 1..
* value[x] only boolean
  * ^short = "Domain examined"

Extension: NotDoneReason
Id: not-done-reason
Title: "Why not examined / Varför området inte undersöktes"
Description: "Why this domain was not examined."
Context: Composition.section
* . ^comment = "domain §1 M5"
* value[x] 1..
* value[x] only code
* value[x] from ExamNotDoneReason (required)
  * ^short = "Why not examined"

Invariant: m5-1
Description: "The examination has a day, without a time / Undersökningen har en dag, utan klockslag"
Severity: #error
Expression: "start.exists() and start.toString().matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

Invariant: m5-2
Description: "A domain tells whether it was examined / För varje område anges om det undersöktes"
Severity: #error
Expression: "code.coding.where(system = 'https://sluss.example/fhir/CodeSystem/exam-part').exists() implies extension.where(url = 'https://sluss.example/fhir/StructureDefinition/exam-done').exists()"

Invariant: m5-3
Description: "A domain that was not examined tells why, one that was does not / För ett område som inte undersöktes anges varför, annars inte"
Severity: #error
Expression: "extension.where(url = 'https://sluss.example/fhir/StructureDefinition/exam-done').value.exists() implies (extension.where(url = 'https://sluss.example/fhir/StructureDefinition/exam-done').value = false) = extension.where(url = 'https://sluss.example/fhir/StructureDefinition/not-done-reason').exists()"

Invariant: m5-4
Description: "A part has at most 8,000 characters / En del har högst 8 000 tecken"
Severity: #error
Expression: "text.div.replaceMatches('</p>|<br[^>]*>', ' ').replaceMatches('<[^>]*>', '').unescape('html').trim().length() <= 8000"
