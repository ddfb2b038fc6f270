//! Days of Stockholm over both nights on which the clocks change, noon to the second.
#![allow(clippy::unwrap_used)]

use super::*;
use jiff::civil::{date, time};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn our_rule_is_that_of_the_zone_table() {
    let zone = TimeZone::get("Europe/Stockholm").unwrap();
    let mut hour = at("2022-01-01T00:00:00Z");
    while hour < at("2032-01-01T00:00:00Z") {
        assert_eq!(stockholm().to_datetime(hour), zone.to_datetime(hour), "{hour}");
        hour += SignedDuration::from_mins(30);
    }
}

#[test]
fn a_day_has_23_hours_in_march_and_25_in_october() {
    for (day, seconds) in
        [(date(2026, 3, 29), 23 * 3600), (date(2026, 10, 25), 25 * 3600), (date(2026, 6, 1), 24 * 3600)]
    {
        assert_eq!(end_of(day).duration_since(start_of(day)).as_secs() + 1, seconds, "{day}");
    }
    assert_eq!(start_of(date(2026, 3, 30)), at("2026-03-30T00:00:00+02:00"));
    assert_eq!(end_of(date(2026, 10, 25)), at("2026-10-25T23:59:59+01:00"));
}

#[test]
fn hours_are_hours_and_days_are_days_over_both_nights() {
    let spring = at("2026-03-28T15:00:00+01:00");
    assert_eq!(due(spring, Limit::Hours(24)), at("2026-03-29T16:00:00+02:00"));
    assert_eq!(due(spring, Limit::Days(1)), at("2026-03-29T23:59:59+02:00"));
    let autumn = at("2026-10-24T15:00:00+02:00");
    assert_eq!(due(autumn, Limit::Hours(24)), at("2026-10-25T14:00:00+01:00"));
    assert_eq!(due(autumn, Limit::Days(1)), at("2026-10-25T23:59:59+01:00"));
    assert_eq!(due(at("2026-03-05T10:00:00+01:00"), Limit::Days(28)), at("2026-04-02T23:59:59+02:00"));
}

#[test]
fn noon_is_noon_in_stockholm_to_the_second() {
    let noon = time(12, 0, 0, 0);
    for (moment, after) in [
        ("2026-03-28T11:59:59+01:00", false),
        ("2026-03-28T12:00:00+01:00", false),
        ("2026-03-28T12:00:01+01:00", true),
        ("2026-03-29T10:00:00Z", false),
        ("2026-03-29T10:00:01Z", true),
        ("2026-10-25T11:00:00Z", false),
        ("2026-10-25T11:00:01Z", true),
    ] {
        assert_eq!(is_after(at(moment), noon), after, "{moment}");
    }
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for edge in [Timestamp::MIN, Timestamp::MAX] {
        for limit in [Limit::Hours(u16::MAX), Limit::Days(u16::MAX)] {
            assert!(due(edge, limit) >= edge);
        }
        let _ = (start_of(day_of(edge)), end_of(day_of(edge)), is_after(edge, time(12, 0, 0, 0)));
    }
}
