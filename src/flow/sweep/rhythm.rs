//! Is a party silent against its usual rhythm?
//!
//! The rule: of each day on which a party sends, the longest silence that ended then is kept, four weeks of such days.
//! The third longest of them is what is usual: nights and weekends are in it, and two odd days are not. A party that has
//! sent on enough days and is silent for longer than a factor of that is silent against its rhythm.
//!
//! Invariant: a party without enough history is never called silent; whatever the messages, a day is one entry and four
//! weeks are all. Deliberately absent: what a party should send, which obligations say.

use crate::{
    config::Watch,
    ledger::RhythmRow,
    model::{Cause, HsaId, Owner, ProblemKind},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// Days that are kept.
const DAYS: usize = 28;
/// Silences longer than the usual one that may have been odd.
const ODD: usize = 2;

/// Day, and the longest silence in seconds that ended on it.
type Days = Vec<(Date, i64)>;

/// All rhythms, with who was heard of.
pub struct Rhythms {
    /// Every party's.
    pub all: Vec<RhythmRow>,
    heard: Vec<String>,
}

impl Rhythms {
    /// Those that are other than before.
    pub fn changed(&self) -> Vec<RhythmRow> {
        self.all.iter().filter(|row| self.heard.contains(&row.party)).cloned().collect()
    }
}

/// What is known, with what was heard since.
pub fn heard(known: Vec<RhythmRow>, sent: &[(String, Timestamp)]) -> Rhythms {
    let mut rhythms = Rhythms { all: known, heard: Vec::new() };
    for (party, at) in sent {
        let known = rhythms.all.iter_mut().find(|row| row.party == *party);
        match known {
            Some(row) if *at <= row.last => continue,
            Some(row) => {
                let mut days = days(row);
                let (day, gap) = (at.to_zoned(TimeZone::UTC).date(), at.duration_since(row.last).as_secs());
                match days.last_mut().filter(|(last, _)| *last == day) {
                    Some((_, longest)) => *longest = gap.max(*longest),
                    None => days.push((day, gap)),
                }
                let from = days.len().saturating_sub(DAYS);
                row.days = serde_json::to_string(days.get(from..).unwrap_or_default()).unwrap_or_default();
                row.last = *at;
            }
            None => rhythms.all.push(RhythmRow { party: party.clone(), last: *at, days: "[]".into() }),
        }
        if !rhythms.heard.contains(party) {
            rhythms.heard.push(party.clone());
        }
    }
    rhythms
}

fn days(row: &RhythmRow) -> Days {
    serde_json::from_str(&row.days).unwrap_or_default()
}

/// The silence of a party, if it is longer than is usual for it.
pub fn silence(row: &RhythmRow, watch: &Watch, now: Timestamp) -> Option<Cause> {
    let due = limit(row, watch)?;
    (now > due).then(|| Cause {
        kind: ProblemKind::PartnerSilent,
        what: "rhythm".into(),
        case: None,
        message: None,
        delivery: None,
        owner: Owner::Sender,
        party: HsaId::parse(&row.party),
        due: Some(due),
    })
}

/// Until when a party's silence is usual; `None` without enough history.
fn limit(row: &RhythmRow, watch: &Watch) -> Option<Timestamp> {
    let days = days(row);
    if days.len() < watch.history_days.max(ODD + 1) {
        return None;
    }
    let mut gaps: Vec<i64> = days.iter().map(|(_, gap)| *gap).collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let usual = gaps.get(ODD)?.saturating_mul(watch.silence_percent) / 100;
    let allowed = SignedDuration::from_secs(usual).max(watch.silence_least);
    row.last.checked_add(allowed).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    const PARTY: &str = "SE2120009903-SOC1";

    fn hour(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 3600).unwrap()
    }

    /// Four messages on each working day, at hours 8, 10, 12 and 16; `skip`: days on which none came.
    fn weeks(days: i64, skip: &[i64]) -> RhythmRow {
        let working = (0..days).filter(|day| day % 7 < 5 && !skip.contains(day));
        let sent: Vec<(String, Timestamp)> = working
            .flat_map(|day| [8, 10, 12, 16].map(|h| (PARTY.to_string(), hour(day * 24 + h))))
            .collect();
        heard(Vec::new(), &sent).all.remove(0)
    }

    fn is_silent(row: &RhythmRow, at: Timestamp) -> bool {
        silence(row, &Watch::default(), at).is_some()
    }

    #[test]
    fn a_weekend_is_usual_and_a_week_is_not() {
        // The last message came on a Friday at 16.
        let row = weeks(26, &[]);
        assert_eq!(row.last, hour(25 * 24 + 16));
        assert!(!is_silent(&row, hour(28 * 24 + 12)), "Monday at noon");
        assert!(is_silent(&row, hour(31 * 24 + 12)), "Thursday");
    }

    #[test]
    fn two_odd_silences_do_not_make_silence_usual() {
        let row = weeks(40, &[8, 9, 10, 11, 15, 16, 17, 18]);
        assert!(is_silent(&row, hour(39 * 24 + 16 + 24 * 5)));
    }

    #[test]
    fn without_history_nobody_is_silent() {
        let row = weeks(12, &[]);
        assert!(!is_silent(&row, hour(10_000)));
        let once = heard(Vec::new(), &[(PARTY.into(), hour(0))]).all.remove(0);
        assert!(!is_silent(&once, hour(10_000)));
    }

    #[test]
    fn in_one_look_or_in_many_the_rhythm_is_the_same() {
        let sent: Vec<(String, Timestamp)> =
            (0..900).map(|n| (PARTY.to_string(), hour(n * 7 % 4001))).collect();
        let whole = heard(Vec::new(), &sent).all;
        for size in [1, 2, 7, 100] {
            let cut = sent.chunks(size).fold(Vec::new(), |known, part| heard(known, part).all);
            assert_eq!(cut, whole);
        }
        assert!(days(&whole[0]).len() <= DAYS);
    }
}
