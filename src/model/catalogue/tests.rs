//! The catalogue's rows stand where they should and say all that they must.

use super::CATALOGUE;

#[test]
fn every_row_stands_at_its_code_and_says_all() {
    for (i, row) in CATALOGUE.iter().enumerate() {
        assert_eq!(row.code as usize, i, "{}", row.id);
        assert!(row.id.starts_with("SLUSS-"));
        for text in [row.title.0, row.title.1, row.remedy.0, row.remedy.1] {
            assert!(text.len() > 5, "{}", row.id);
        }
        let same = CATALOGUE.iter().filter(|other| other.id == row.id).count();
        assert_eq!(same, 1, "{} stands twice", row.id);
    }
}
