use strangler_fig::repository::{Applied, Repository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use crate::data::airports;
use crate::support::{Sides, data_file, entity, scanned};

#[tokio::test]
async fn every_airport_comes_back_the_same_from_both_schemas() {
    let sides = Sides::new();
    let airports = airports(&data_file()).unwrap();
    sides.legacy.inner().save_all(airports.clone()).await.unwrap();

    let from_legacy = scanned(&sides.legacy, 500).await;
    for answer in sides.modern.apply_many(&from_legacy).await {
        assert_eq!(answer.unwrap(), Applied::Stored);
    }
    let from_modern = scanned(&sides.modern, 700).await;

    assert_eq!(from_legacy, from_modern);
    for (airport, (key, record)) in airports.into_iter().zip(from_modern) {
        assert_eq!((&key, record), (&airport.icao, Record::live(Stamp::BASE, airport.clone())));
    }
}

#[tokio::test]
async fn both_schemas_answer_queries_alike() {
    let sides = Sides::new();
    let airports = airports(&data_file()).unwrap();
    let legacy = sides.legacy.inner();
    legacy.save_all(airports.clone()).await.unwrap();
    let records = scanned(&sides.legacy, 8_000).await;
    sides.modern.apply_many(&records).await;

    let iceland: Vec<_> = airports.iter().filter(|airport| airport.country == "IS").collect();
    assert!(!iceland.is_empty());
    assert!(legacy.by_country("IS").await.unwrap().iter().eq(iceland.iter().copied()));
    assert!(sides.modern.by_country("IS").await.unwrap().iter().eq(iceland));

    let keflavik = legacy.find_by_iata("KEF").await.unwrap();
    assert_eq!(keflavik.as_ref().map(|airport| airport.icao.as_str()), Some("BIKF"));
    assert_eq!(sides.modern.find_by_iata("KEF").await.unwrap(), keflavik);
    assert_eq!(legacy.find_by_iata("???").await.unwrap(), None);
    assert_eq!(sides.modern.find_by_iata("???").await.unwrap(), None);
}

#[tokio::test]
async fn missing_and_empty_and_odd_texts_stay_apart() {
    let sides = Sides::new();
    for variant in 0..4 {
        let airport = entity(variant, variant);
        let record = Record::live(Stamp::MAX, airport.clone());
        sides.modern.apply(&airport.icao, &record).await.unwrap();
        assert_eq!(sides.modern.read(&airport.icao).await.unwrap(), record);

        let legacy = sides.legacy.inner();
        legacy.save(airport.clone()).await.unwrap();
        assert_eq!(legacy.find(&airport.icao).await.unwrap(), Some(airport));
    }
}
