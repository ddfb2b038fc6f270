// The code lists of the messages, each with its value set: what a code is called in English and in Swedish.
// Lists of others that a profile binds to are named by their addresses.

RuleSet: Sv(swedish)
* ^designation[0].language = #sv
* ^designation[0].value = "{swedish}"

CodeSystem: AdministrativeReason
Id: administrative-reason
Title: "What an administrative message is about"
Description: "domain §1 M20."
* #contact-changed "Contact changed"
* #contact-changed insert Sv([[Ändrad kontakt]])
* #outage "Outage"
* #outage insert Sv([[Driftstörning]])
* #question "Question"
* #question insert Sv([[Fråga]])
* #other "Other"
* #other insert Sv([[Annat]])

ValueSet: AdministrativeReason
Id: administrative-reason
Title: "What an administrative message is about"
Description: "domain §1 M20."
* include codes from system AdministrativeReason

CodeSystem: AdmissionReply
Id: admission-reply
Title: "Reply to an admission notice"
Description: "domain §1 M8, §6."
* #known-here "Known here"
* #known-here insert Sv([[Känd här]])
* #resident-not-known "Resident here, not known to the board"
* #resident-not-known insert Sv([[Bosatt här, inte känd av nämnden]])
* #not-resident-here "Not resident here"
* #not-resident-here insert Sv([[Inte bosatt här]])

ValueSet: AdmissionReply
Id: admission-reply
Title: "Reply to an admission notice"
Description: "domain §1 M8, §6."
* include codes from system AdmissionReply

CodeSystem: AnnulmentReason
Id: annulment-reason
Title: "Why a message is annulled"
Description: "domain §1 M20."
* #wrong-person "Wrong person"
* #wrong-person insert Sv([[Fel person]])
* #wrong-content "Wrong content"
* #wrong-content insert Sv([[Fel innehåll]])
* #wrong-receiver "Wrong receiver"
* #wrong-receiver insert Sv([[Fel mottagare]])
* #sent-twice "Sent twice"
* #sent-twice insert Sv([[Skickat två gånger]])
* #did-not-happen "Did not happen"
* #did-not-happen insert Sv([[Inträffade inte]])

ValueSet: AnnulmentReason
Id: annulment-reason
Title: "Why a message is annulled"
Description: "domain §1 M20."
* include codes from system AnnulmentReason

CodeSystem: BbicArea
Id: bbic-area
Title: "Area of a child's needs"
Description: "domain §1 M15, §8."
* #health "Health"
* #health insert Sv([[Hälsa]])
* #education "Education"
* #education insert Sv([[Utbildning]])
* #emotions-behaviour "Emotions and behaviour"
* #emotions-behaviour insert Sv([[Känslor och beteende]])
* #social-relations "Social relations"
* #social-relations insert Sv([[Sociala relationer]])
* #parenting "Parenting"
* #parenting insert Sv([[Föräldrarnas förmåga]])
* #family-environment "Family and environment"
* #family-environment insert Sv([[Familj och miljö]])

ValueSet: BbicArea
Id: bbic-area
Title: "Area of a child's needs"
Description: "domain §1 M15, §8."
* include codes from system BbicArea

CodeSystem: CofinancingAnswer
Id: cofinancing-answer
Title: "Answer about co-financing"
Description: "domain §1 M17, §2."
* #accepted "Accepted"
* #accepted insert Sv([[Godtas]])
* #refused "Refused"
* #refused insert Sv([[Avslås]])
* #to-be-discussed "To be discussed"
* #to-be-discussed insert Sv([[Ska diskuteras]])

ValueSet: CofinancingAnswer
Id: cofinancing-answer
Title: "Answer about co-financing"
Description: "domain §1 M17, §2."
* include codes from system CofinancingAnswer

CodeSystem: CofinancingPart
Id: cofinancing-part
Title: "Part of a co-financing question or answer"
Description: "domain §1 M17."
* #region-need "Need on the region's side"
* #region-need insert Sv([[Behov på regionens sida]])
* #municipality-need "Need on the municipality's side"
* #municipality-need insert Sv([[Behov på kommunens sida]])
* #region-share "Share of the region"
* #region-share insert Sv([[Regionens andel]])
* #reason "Reason"
* #reason insert Sv([[Skäl]])
* #decider "Who decides"
* #decider insert Sv([[Vem som beslutar]])
* #decider-role "Role of who decides"
* #decider-role insert Sv([[Beslutsfattarens roll]])

ValueSet: CofinancingPart
Id: cofinancing-part
Title: "Part of a co-financing question or answer"
Description: "domain §1 M17."
* include codes from system CofinancingPart

CodeSystem: Decider
Id: decider
Title: "Who decides about the examination"
Description: "domain §1 M1."
* #guardians-both "Both guardians"
* #guardians-both insert Sv([[Båda vårdnadshavarna]])
* #one-guardian "One guardian"
* #one-guardian insert Sv([[En vårdnadshavare]])
* #board-lvu "The board under LVU"
* #board-lvu insert Sv([[Nämnden enligt LVU]])
* #accompanying-guardian "The accompanying guardian in protected housing"
* #accompanying-guardian insert Sv([[Medföljande vårdnadshavare i skyddat boende]])
* #young-person "The young person"
* #young-person insert Sv([[Den unge]])

ValueSet: Decider
Id: decider
Title: "Who decides about the examination"
Description: "domain §1 M1."
* include codes from system Decider

CodeSystem: DischargeDestination
Id: discharge-destination
Title: "Where the patient goes"
Description: "domain §1 M14."
* #own-home "Own home"
* #own-home insert Sv([[Eget hem]])
* #foster-home "Foster home"
* #foster-home insert Sv([[Familjehem]])
* #residential-home "Residential care home"
* #residential-home insert Sv([[Hem för vård eller boende (HVB)]])
* #sis-home "Special youth home"
* #sis-home insert Sv([[Särskilt ungdomshem (SiS)]])
* #protected-housing "Protected housing"
* #protected-housing insert Sv([[Skyddat boende]])
* #other-ward "Other ward"
* #other-ward insert Sv([[Annan vårdavdelning]])
* #other "Other"
* #other insert Sv([[Annat]])
* #died "Died"
* #died insert Sv([[Avliden]])
* #interrupted "Care interrupted"
* #interrupted insert Sv([[Vården avbruten]])

ValueSet: DischargeDestination
Id: discharge-destination
Title: "Where the patient goes"
Description: "domain §1 M14."
* include codes from system DischargeDestination

CodeSystem: DischargePart
Id: discharge-part
Title: "Part of the information at discharge"
Description: "domain §1 M13."
* #care-need "Need of care"
* #care-need insert Sv([[Vårdbehov]])
* #support-need "Need of support"
* #support-need insert Sv([[Stödbehov]])
* #medication-help "Help with medication"
* #medication-help insert Sv([[Hjälp med läkemedel]])
* #aids "Aids"
* #aids insert Sv([[Hjälpmedel]])
* #follow-up "Follow-up"
* #follow-up insert Sv([[Uppföljning]])
* #contact "Contact"
* #contact insert Sv([[Kontakt]])

ValueSet: DischargePart
Id: discharge-part
Title: "Part of the information at discharge"
Description: "domain §1 M13."
* include codes from system DischargePart

CodeSystem: Event
Id: event
Title: "Event"
Description: "domain §1."
* #health-exam-request "Health examination request" "M1, municipality to region"
* #health-exam-request insert Sv([[Underrättelse om hälsoundersökning]])
* #dental-exam-request "Dental examination request" "M2, municipality to dental care"
* #dental-exam-request insert Sv([[Underrättelse om munhälsoundersökning]])
* #medical-exam-order "Medical examination order" "M3, municipality to region"
* #medical-exam-order insert Sv([[Begäran om läkarundersökning]])
* #exam-status "Examination status" "M4, region to municipality"
* #exam-status insert Sv([[Status för undersökning]])
* #exam-statement "Examination statement" "M5, region to municipality"
* #exam-statement insert Sv([[Utlåtande]])
* #admission-notice "Admission notice" "M6, region to municipality"
* #admission-notice insert Sv([[Inskrivningsmeddelande]])
* #discharge-estimate-changed "Discharge estimate changed" "M7, region to municipality"
* #discharge-estimate-changed insert Sv([[Ändrad beräknad utskrivning]])
* #admission-reply "Admission reply" "M8, municipality to region"
* #admission-reply insert Sv([[Svar på inskrivningsmeddelande]])
* #care-contact-appointed "Permanent care contact appointed" "M9, region to municipality"
* #care-contact-appointed insert Sv([[Fast vårdkontakt utsedd]])
* #sip-call "Call to coordinated individual planning" "M10, region to municipality"
* #sip-call insert Sv([[Kallelse till SIP]])
* #discharge-ready "Ready for discharge" "M11, region to municipality"
* #discharge-ready insert Sv([[Underrättelse utskrivningsklar]])
* #discharge-ready-withdrawn "Ready for discharge, withdrawn" "M12, region to municipality"
* #discharge-ready-withdrawn insert Sv([[Återtagen utskrivningsklar]])
* #discharge-information "Discharge information" "M13, region to municipality"
* #discharge-information insert Sv([[Information vid utskrivning]])
* #discharged "Discharged" "M14, region to municipality"
* #discharged insert Sv([[Utskrivningsmeddelande]])
* #sip-plan "Coordinated individual plan" "M15, both ways"
* #sip-plan insert Sv([[Samordnad individuell plan]])
* #placement-started "Placement started" "M16, municipality to region"
* #placement-started insert Sv([[Placering påbörjad]])
* #placement-changed "Placement changed" "M16, municipality to region"
* #placement-changed insert Sv([[Placering ändrad]])
* #placement-ended "Placement ended" "M16, municipality to region"
* #placement-ended insert Sv([[Placering avslutad]])
* #cofinancing-question "Co-financing question" "M17, both ways"
* #cofinancing-question insert Sv([[Fråga om samfinansiering]])
* #cofinancing-answer "Co-financing answer" "M17, both ways"
* #cofinancing-answer insert Sv([[Svar om samfinansiering]])
* #sis-patient-left "Patient from a special youth home left" "M18, region to the state's institutions and municipality"
* #sis-patient-left insert Sv([[Avvikelse från sjukhus]])
* #open-compulsory-care "Open compulsory psychiatric care" "M19, region to unit; counts as M11"
* #open-compulsory-care insert Sv([[Öppen psykiatrisk tvångsvård]])
* #annulment "Annulment" "M20, both ways"
* #annulment insert Sv([[Makulering]])
* #misdirected "Misdirected" "M20, both ways"
* #misdirected insert Sv([[Felsänt]])
* #receiver-changed "Receiver changed" "M20, both ways"
* #receiver-changed insert Sv([[Byte av mottagare]])
* #administrative "Administrative message" "M20, both ways"
* #administrative insert Sv([[Administrativt meddelande]])
* #receipt "Receipt" "M21, both ways"
* #receipt insert Sv([[Kvittens]])

ValueSet: Event
Id: event
Title: "Event"
Description: "domain §1."
* include codes from system Event

CodeSystem: Exam
Id: exam
Title: "Examination"
Description: "domain §1 M1–M5."
* #exam-of-placed-child "Examination of a child placed outside the home"
* #exam-of-placed-child insert Sv([[Undersökning av barn i vård utanför hemmet]])
* #health-exam "Health examination"
* #health-exam insert Sv([[Hälsoundersökning]])
* #dental-exam "Dental examination"
* #dental-exam insert Sv([[Munhälsoundersökning]])
* #medical-exam "Medical examination under LVU 32 §"
* #medical-exam insert Sv([[Läkarundersökning enligt LVU 32 §]])
* #exam-statement "Examination statement"
* #exam-statement insert Sv([[Utlåtande efter hälsoundersökning]])

ValueSet: Exam
Id: exam
Title: "Examination"
Description: "domain §1 M1–M5."
* include codes from system Exam

ValueSet: ExamKind
Id: exam-kind
Title: "Kind of examination"
Description: "domain §1 M1–M4."
* Exam#health-exam
* Exam#dental-exam
* Exam#medical-exam

CodeSystem: ExamNotDoneReason
Id: exam-not-done-reason
Title: "Why a domain was not examined"
Description: "domain §1 M5."
* #not-asked-for "Not asked for"
* #not-asked-for insert Sv([[Ingick inte i begäran]])
* #declined "Declined"
* #declined insert Sv([[Avböjt]])
* #did-not-attend "Did not attend"
* #did-not-attend insert Sv([[Uteblev]])
* #interrupted "Interrupted"
* #interrupted insert Sv([[Avbruten]])
* #already-done "Already done recently"
* #already-done insert Sv([[Redan gjord nyligen]])
* #done-elsewhere "Done by another unit"
* #done-elsewhere insert Sv([[Görs av annan enhet]])
* #postponed "Postponed"
* #postponed insert Sv([[Framflyttad]])
* #not-possible "Not possible"
* #not-possible insert Sv([[Kunde inte genomföras]])

ValueSet: ExamNotDoneReason
Id: exam-not-done-reason
Title: "Why a domain was not examined"
Description: "domain §1 M5."
* include codes from system ExamNotDoneReason

CodeSystem: ExamPart
Id: exam-part
Title: "Part of an examination"
Description: "domain §1 M1, M5."
* #physical "Physical health"
* #physical insert Sv([[Fysisk hälsa]])
* #mental "Mental health"
* #mental insert Sv([[Psykisk hälsa]])
* #oral "Oral health"
* #oral insert Sv([[Munhälsa]])

ValueSet: ExamPart
Id: exam-part
Title: "Part of an examination"
Description: "domain §1 M1, M5."
* include codes from system ExamPart

CodeSystem: ExamStatus
Id: exam-status
Title: "Status of an examination"
Description: "domain §1 M4, §2."
* #booked "Booked"
* #booked insert Sv([[Bokad]])
* #no-show "Did not attend"
* #no-show insert Sv([[Uteblev]])
* #cannot-be-done "Cannot be carried out"
* #cannot-be-done insert Sv([[Kan ej genomföras]])
* #unnecessary "Unnecessary"
* #unnecessary insert Sv([[Obehövlig]])

ValueSet: ExamStatus
Id: exam-status
Title: "Status of an examination"
Description: "domain §1 M4, §2."
* include codes from system ExamStatus

CodeSystem: ExamStatusReason
Id: exam-status-reason
Title: "Why an examination is not carried out"
Description: "domain §1 M4."
* #declined "Declined"
* #declined insert Sv([[Avböjt]])
* #did-not-attend "Did not attend"
* #did-not-attend insert Sv([[Uteblev]])
* #not-reached "Could not be reached"
* #not-reached insert Sv([[Kunde inte nås]])
* #moved "Has moved"
* #moved insert Sv([[Har flyttat]])
* #already-done "Already done recently"
* #already-done insert Sv([[Redan gjord nyligen]])
* #placement-ended "The placement has ended"
* #placement-ended insert Sv([[Placeringen har upphört]])
* #no-capacity "No capacity at the unit"
* #no-capacity insert Sv([[Enheten saknar möjlighet]])
* #wrong-unit "Wrong unit"
* #wrong-unit insert Sv([[Fel enhet]])
* #not-needed "Judged not to be needed"
* #not-needed insert Sv([[Bedöms inte behövas]])

ValueSet: ExamStatusReason
Id: exam-status-reason
Title: "Why an examination is not carried out"
Description: "domain §1 M4."
* include codes from system ExamStatusReason

CodeSystem: LegalBasis
Id: legal-basis
Title: "Legal basis"
Description: "domain §4."
* #consent-young-person "Consent of the young person"
* #consent-young-person insert Sv([[Samtycke av den unge]])
* #consent-guardians-both "Consent of both guardians"
* #consent-guardians-both insert Sv([[Samtycke av båda vårdnadshavarna]])
* #consent-guardian-one-prevented "Consent of one guardian, the other prevented" "The other guardian is prevented and it cannot wait"
* #consent-guardian-one-prevented insert Sv([[Samtycke av en vårdnadshavare, den andra förhindrad]])
* #consent-guardian-board "Consent of one guardian and decision of the board" "FB 6:13 a"
* #consent-guardian-board insert Sv([[Samtycke av en vårdnadshavare och beslut av nämnden]])
* #consent-guardian-shelter "Consent of the accompanying guardian in protected housing" "Lag 2024:79 6:1; the examination only"
* #consent-guardian-shelter insert Sv([[Samtycke av medföljande vårdnadshavare i skyddat boende]])
* #board-lvu "Decision of the board under LVU" "LVU 11 §"
* #board-lvu insert Sv([[Beslut av nämnden enligt LVU]])
* #duty "Duty to inform" "OSL 10:28"
* #duty insert Sv([[Uppgiftsskyldighet]])
* #release-health "Release rule of health care" "OSL 25:12; under 18; a reason is asserted"
* #release-health insert Sv([[Sekretessbrytande regel för hälso- och sjukvård]])
* #release-social "Release rule of social services" "OSL 26:9; under 18; a reason is asserted"
* #release-social insert Sv([[Sekretessbrytande regel för socialtjänst]])
* #four-field "Notice of four fields" "2017:612 2:2"
* #four-field insert Sv([[Inskrivningsmeddelandets fyra uppgifter]])
* #assessed-incapable "Assessed incapable" "The person cannot take a position; harm has been assessed"
* #assessed-incapable insert Sv([[Menprövning]])
* #compulsory-care "Compulsory care"
* #compulsory-care insert Sv([[Tvångsvård]])

ValueSet: LegalBasis
Id: legal-basis
Title: "Legal basis"
Description: "domain §4."
* include codes from system LegalBasis

CodeSystem: MeetingMode
Id: meeting-mode
Title: "How a meeting is held"
Description: "domain §1 M10."
* #physical "In a room"
* #physical insert Sv([[Fysiskt möte]])
* #video "By video"
* #video insert Sv([[Videomöte]])
* #phone "By phone"
* #phone insert Sv([[Telefonmöte]])

ValueSet: MeetingMode
Id: meeting-mode
Title: "How a meeting is held"
Description: "domain §1 M10."
* include codes from system MeetingMode

CodeSystem: MisdirectedReason
Id: misdirected-reason
Title: "Why a message came to the wrong receiver"
Description: "domain §1 M20, §6."
* #not-resident-here "Not resident here"
* #not-resident-here insert Sv([[Inte bosatt här]])
* #not-our-case "Not our case"
* #not-our-case insert Sv([[Inte vårt ärende]])
* #person-unknown "Person unknown"
* #person-unknown insert Sv([[Okänd person]])

ValueSet: MisdirectedReason
Id: misdirected-reason
Title: "Why a message came to the wrong receiver"
Description: "domain §1 M20, §6."
* include codes from system MisdirectedReason

CodeSystem: NoticeKind
Id: notice-kind
Title: "Kind of notice"
Description: "domain §1 M8, M9, M11, M12, M18–M21."
* #admission-reply "Admission reply"
* #admission-reply insert Sv([[Svar på inskrivningsmeddelande]])
* #care-contact-appointed "Permanent care contact appointed"
* #care-contact-appointed insert Sv([[Fast vårdkontakt utsedd]])
* #discharge-ready "Ready for discharge"
* #discharge-ready insert Sv([[Utskrivningsklar]])
* #discharge-ready-withdrawn "Ready for discharge, withdrawn"
* #discharge-ready-withdrawn insert Sv([[Återtagen utskrivningsklar]])
* #sis-patient-left "Patient from a special youth home left"
* #sis-patient-left insert Sv([[Avvikelse från sjukhus]])
* #open-compulsory-care "Open compulsory psychiatric care"
* #open-compulsory-care insert Sv([[Öppen psykiatrisk tvångsvård]])
* #annulment "Annulment"
* #annulment insert Sv([[Makulering]])
* #misdirected "Misdirected"
* #misdirected insert Sv([[Felsänt]])
* #receiver-changed "Receiver changed"
* #receiver-changed insert Sv([[Byte av mottagare]])
* #administrative "Administrative message"
* #administrative insert Sv([[Administrativt meddelande]])
* #receipt "Receipt"
* #receipt insert Sv([[Kvittens]])

ValueSet: NoticeKind
Id: notice-kind
Title: "Kind of notice"
Description: "domain §1 M8, M9, M11, M12, M18–M21."
* include codes from system NoticeKind

CodeSystem: NoticeWay
Id: notice-way
Title: "How the child is told of a booking"
Description: "domain §1 M4, §5."
* #letter "Letter to the registered address"
* #letter insert Sv([[Brev till folkbokföringsadressen]])
* #call-case-worker "No letter; call the case worker"
* #call-case-worker insert Sv([[Inget brev; ring handläggaren]])

ValueSet: NoticeWay
Id: notice-way
Title: "How the child is told of a booking"
Description: "domain §1 M4, §5."
* include codes from system NoticeWay

CodeSystem: NumberKind
Id: number-kind
Title: "Kind of personal number"
Description: "domain §7."
* #personnummer "Personal identity number"
* #personnummer insert Sv([[Personnummer]])
* #samordningsnummer "Coordination number"
* #samordningsnummer insert Sv([[Samordningsnummer]])
* #nationellt-reservnummer "National reserve number"
* #nationellt-reservnummer insert Sv([[Nationellt reservnummer]])
* #regionalt-reservnummer "Regional reserve number"
* #regionalt-reservnummer insert Sv([[Regionalt reservnummer]])

ValueSet: NumberKind
Id: number-kind
Title: "Kind of personal number"
Description: "domain §7."
* include codes from system NumberKind

CodeSystem: PatientLeftKind
Id: patient-left-kind
Title: "Left, or wants to leave"
Description: "domain §1 M18."
* #left "Has left"
* #left insert Sv([[Har avvikit]])
* #wants-to-leave "Wants to leave"
* #wants-to-leave insert Sv([[Vill lämna sjukhuset]])

ValueSet: PatientLeftKind
Id: patient-left-kind
Title: "Left, or wants to leave"
Description: "domain §1 M18."
* include codes from system PatientLeftKind

CodeSystem: PlacementEndReason
Id: placement-end-reason
Title: "Why a placement ended"
Description: "domain §1 M16."
* #moved-home "Moved home"
* #moved-home insert Sv([[Flyttat hem]])
* #other-placement "Other placement"
* #other-placement insert Sv([[Annan placering]])
* #own-housing "Own housing"
* #own-housing insert Sv([[Eget boende]])
* #care-transferred "Custody transferred"
* #care-transferred insert Sv([[Vårdnaden överflyttad]])
* #of-age "Of age"
* #of-age insert Sv([[Myndig]])
* #other "Other"
* #other insert Sv([[Annat]])

ValueSet: PlacementEndReason
Id: placement-end-reason
Title: "Why a placement ended"
Description: "domain §1 M16."
* include codes from system PlacementEndReason

CodeSystem: PlacementGround
Id: placement-ground
Title: "Legal ground of a placement"
Description: "domain §1 M16."
* #sol "Social Services Act"
* #sol insert Sv([[Socialtjänstlagen (SoL)]])
* #lvu-2 "LVU, the home"
* #lvu-2 insert Sv([[LVU 2 §]])
* #lvu-3 "LVU, own behaviour"
* #lvu-3 insert Sv([[LVU 3 §]])
* #lvu-2-3 "LVU, the home and own behaviour"
* #lvu-2-3 insert Sv([[LVU 2 och 3 §§]])
* #lvu-6 "LVU, taken into care at once"
* #lvu-6 insert Sv([[LVU 6 §, omedelbart omhändertagande]])
* #protected-housing-act "Protected Housing Act"
* #protected-housing-act insert Sv([[Lag (2024:79) om placering av barn i skyddat boende]])

ValueSet: PlacementGround
Id: placement-ground
Title: "Legal ground of a placement"
Description: "domain §1 M16."
* include codes from system PlacementGround

CodeSystem: PlacementKind
Id: placement-kind
Title: "Kind of placement"
Description: "domain §1 M1."
* #foster-home "Foster home"
* #foster-home insert Sv([[Familjehem]])
* #jour-home "Emergency foster home"
* #jour-home insert Sv([[Jourhem]])
* #network-home "Home in the child's network"
* #network-home insert Sv([[Nätverkshem]])
* #residential-home "Residential care home"
* #residential-home insert Sv([[Hem för vård eller boende (HVB)]])
* #sis-home "Special youth home"
* #sis-home insert Sv([[Särskilt ungdomshem (SiS)]])
* #supported-housing "Supported housing"
* #supported-housing insert Sv([[Stödboende]])
* #protected-housing "Protected housing"
* #protected-housing insert Sv([[Skyddat boende]])
* #own-housing "Own housing"
* #own-housing insert Sv([[Eget boende]])

ValueSet: PlacementKind
Id: placement-kind
Title: "Kind of placement"
Description: "domain §1 M1."
* include codes from system PlacementKind

CodeSystem: Protection
Id: protection
Title: "Protection of a person"
Description: "domain §5."
* #none "No protection"
* #none insert Sv([[Inget skydd]])
* #sekretessmarkering "Secrecy marking"
* #sekretessmarkering insert Sv([[Sekretessmarkering]])
* #skyddad-folkbokforing "Protected population registration"
* #skyddad-folkbokforing insert Sv([[Skyddad folkbokföring]])

ValueSet: Protection
Id: protection
Title: "Protection of a person"
Description: "domain §5."
* include codes from system Protection

CodeSystem: ReceiptReason
Id: receipt-reason
Title: "Why a message is rejected"
Description: "domain §1 M21."
* #unreadable "Cannot be read"
* #unreadable insert Sv([[Kan inte läsas]])
* #person-unknown "Person unknown"
* #person-unknown insert Sv([[Okänd person]])
* #not-authorised "Not authorised"
* #not-authorised insert Sv([[Inte behörig]])
* #other "Other"
* #other insert Sv([[Annat]])

ValueSet: ReceiptReason
Id: receipt-reason
Title: "Why a message is rejected"
Description: "domain §1 M21."
* include codes from system ReceiptReason

CodeSystem: ReceiptStatus
Id: receipt-status
Title: "Status of a message at its receiver"
Description: "domain §1 M21, §2."
* #received "Received"
* #received insert Sv([[Mottaget]])
* #delivered "Delivered"
* #delivered insert Sv([[Levererat]])
* #opened "Opened"
* #opened insert Sv([[Öppnat]])
* #handled "Handled"
* #handled insert Sv([[Hanterat]])
* #rejected "Rejected"
* #rejected insert Sv([[Avvisat]])
* #expired "Not delivered within its time"
* #expired insert Sv([[Inte levererat inom sin tid]])

ValueSet: ReceiptStatus
Id: receipt-status
Title: "Status of a message at its receiver"
Description: "domain §1 M21, §2."
* include codes from system ReceiptStatus

CodeSystem: ReceiverChangedReason
Id: receiver-changed-reason
Title: "Why the receiver changes"
Description: "domain §1 M20, §6."
* #moved "Has moved"
* #moved insert Sv([[Har flyttat]])
* #case-transferred "Case transferred"
* #case-transferred insert Sv([[Ärendet överflyttat]])
* #board-reorganised "Board reorganised"
* #board-reorganised insert Sv([[Nämnden omorganiserad]])

ValueSet: ReceiverChangedReason
Id: receiver-changed-reason
Title: "Why the receiver changes"
Description: "domain §1 M20, §6."
* include codes from system ReceiverChangedReason

CodeSystem: SipConsent
Id: sip-consent
Title: "Consent to a coordinated individual plan"
Description: "domain §1 M10."
* #given "Given"
* #given insert Sv([[Lämnat]])
* #not-asked-yet "Not asked for yet"
* #not-asked-yet insert Sv([[Inte efterfrågat än]])
* #refused "Refused"
* #refused insert Sv([[Nekat]])

ValueSet: SipConsent
Id: sip-consent
Title: "Consent to a coordinated individual plan"
Description: "domain §1 M10."
* include codes from system SipConsent

CodeSystem: SipRole
Id: sip-role
Title: "Role in a coordinated individual plan"
Description: "domain §1 M10."
* #young-person "The young person"
* #young-person insert Sv([[Den unge]])
* #guardian "Guardian"
* #guardian insert Sv([[Vårdnadshavare]])
* #care-contact "Permanent care contact"
* #care-contact insert Sv([[Fast vårdkontakt]])
* #region "The region"
* #region insert Sv([[Regionen]])
* #board "The board"
* #board insert Sv([[Nämnden]])
* #school "School"
* #school insert Sv([[Skola]])
* #other "Other"
* #other insert Sv([[Annan]])

ValueSet: SipRole
Id: sip-role
Title: "Role in a coordinated individual plan"
Description: "domain §1 M10."
* include codes from system SipRole

CodeSystem: SipStatus
Id: sip-status
Title: "Status of a coordinated individual plan"
Description: "domain §1 M15."
* #established "Established"
* #established insert Sv([[Upprättad]])
* #adjusted "Adjusted"
* #adjusted insert Sv([[Justerad]])
* #followed-up "Followed up"
* #followed-up insert Sv([[Följd upp]])
* #closed "Closed"
* #closed insert Sv([[Avslutad]])

ValueSet: SipStatus
Id: sip-status
Title: "Status of a coordinated individual plan"
Description: "domain §1 M15."
* include codes from system SipStatus

CodeSystem: StatementPart
Id: statement-part
Title: "Part of a statement"
Description: "domain §1 M5."
* #need-of-care "Need of care"
* #need-of-care insert Sv([[Behov av vård]])
* #follow-up "Follow-up"
* #follow-up insert Sv([[Uppföljning]])
* #board-should-see-to "What the board should see to"
* #board-should-see-to insert Sv([[Det nämnden bör se till]])

ValueSet: StatementPart
Id: statement-part
Title: "Part of a statement"
Description: "domain §1 M5."
* include codes from system StatementPart

CodeSystem: UnnecessaryDecider
Id: unnecessary-decider
Title: "Who judged an examination unnecessary"
Description: "domain §1 M4, §2."
* #board "The board"
* #board insert Sv([[Nämnden]])
* #care-unit "The care unit"
* #care-unit insert Sv([[Vårdenheten]])
* #guardians "The guardians"
* #guardians insert Sv([[Vårdnadshavarna]])
* #young-person "The young person"
* #young-person insert Sv([[Den unge]])

ValueSet: UnnecessaryDecider
Id: unnecessary-decider
Title: "Who judged an examination unnecessary"
Description: "domain §1 M4, §2."
* include codes from system UnnecessaryDecider

CodeSystem: WhereaboutsSecretFor
Id: whereabouts-secret-for
Title: "From whom the whereabouts are kept"
Description: "domain §1 M16, §5."
* #guardian-1 "Guardian 1"
* #guardian-1 insert Sv([[Vårdnadshavare 1]])
* #guardian-2 "Guardian 2"
* #guardian-2 insert Sv([[Vårdnadshavare 2]])
* #both-guardians "Both guardians"
* #both-guardians insert Sv([[Båda vårdnadshavarna]])
* #other "Other"
* #other insert Sv([[Annan]])

ValueSet: WhereaboutsSecretFor
Id: whereabouts-secret-for
Title: "From whom the whereabouts are kept"
Description: "domain §1 M16, §5."
* include codes from system WhereaboutsSecretFor
