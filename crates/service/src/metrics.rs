//! What the server counts, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the classes of durations, in seconds.
const DURATIONS_S: [f64; 10] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What the server counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By route and status.
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    durations: Durations,
    batches: AtomicU64,
    pictures: AtomicU64,
    reloads: AtomicU64,
    refused_reloads: AtomicU64,
}

/// How long requests took.
#[derive(Debug, Default)]
struct Durations {
    /// Requests of each class alone, the last beyond all of them.
    counts: [AtomicU64; DURATIONS_S.len() + 1],
    microseconds: AtomicU64,
}

impl Metrics {
    /// A request to a route was answered with a status.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        match requests.get_mut(&(route.to_owned(), status)) {
            Some(count) => *count += 1,
            None => drop(requests.insert((route.to_owned(), status), 1)),
        }
        drop(requests);
        let class = DURATIONS_S.iter().position(|&end| took.as_secs_f64() <= end).unwrap_or(DURATIONS_S.len());
        self.durations.counts[class].fetch_add(1, Ordering::Relaxed);
        self.durations.microseconds.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    /// A batch of pictures is described.
    pub fn described(&self, pictures: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.pictures.fetch_add(pictures as u64, Ordering::Relaxed);
    }

    /// An index was read anew, or was refused.
    pub fn reloaded(&self, is_refused: bool) {
        if is_refused { &self.refused_reloads } else { &self.reloads }.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts as text. `images` are the numbers of images of the indexes, `waiting` the requests that compute or wait.
    pub fn to_text(&self, images: &[(String, usize)], waiting: usize) -> String {
        let mut text = Text::default();
        text.head("silknow_requests_total", "counter", "Requests by route and status.");
        for ((route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            text.line(&format!("silknow_requests_total{{route=\"{}\",status=\"{status}\"}}", escaped(route)), count);
        }
        text.head("silknow_request_seconds", "histogram", "Time from a request to its answer.");
        let mut sum = 0;
        for (count, end) in self
            .durations
            .counts
            .iter()
            .zip(DURATIONS_S.map(|end| end.to_string()).iter().map(String::as_str).chain(["+Inf"]))
        {
            sum += count.load(Ordering::Relaxed);
            text.line(&format!("silknow_request_seconds_bucket{{le=\"{end}\"}}"), sum);
        }
        let seconds = self.durations.microseconds.load(Ordering::Relaxed) as f64 / 1e6;
        text.line("silknow_request_seconds_sum", seconds);
        text.line("silknow_request_seconds_count", sum);
        for (name, about, count) in [
            ("silknow_described_batches_total", "Batches that networks described.", &self.batches),
            ("silknow_described_pictures_total", "Pictures that networks described.", &self.pictures),
            ("silknow_reloads_total", "Indexes that were read anew.", &self.reloads),
            ("silknow_refused_reloads_total", "Changed indexes that could not be used.", &self.refused_reloads),
        ] {
            text.head(name, "counter", about);
            text.line(name, count.load(Ordering::Relaxed));
        }
        text.head("silknow_waiting_requests", "gauge", "Requests that compute or wait to compute.");
        text.line("silknow_waiting_requests", waiting);
        text.head("silknow_index_images", "gauge", "Images of an index.");
        for (name, count) in images {
            text.line(&format!("silknow_index_images{{index=\"{}\"}}", escaped(name)), count);
        }
        text.0
    }
}

/// Lines of the text format.
#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, about: &str) {
        writeln!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}").expect("a text takes every line");
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        writeln!(self.0, "{name} {value}").expect("a text takes every line");
    }
}

/// A text as the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status_and_durations_add_up() {
        let metrics = Metrics::default();
        metrics.answered("/api/v1/search", 200, Duration::from_millis(7));
        metrics.answered("/api/v1/search", 200, Duration::from_millis(70));
        metrics.answered("/api/v1/search", 503, Duration::from_secs(100));
        metrics.described(5);
        let text = metrics.to_text(&[("a\"b".to_owned(), 12)], 3);
        for line in [
            "silknow_requests_total{route=\"/api/v1/search\",status=\"200\"} 2",
            "silknow_request_seconds_bucket{le=\"0.01\"} 1",
            "silknow_request_seconds_bucket{le=\"0.1\"} 2",
            "silknow_request_seconds_bucket{le=\"+Inf\"} 3",
            "silknow_request_seconds_sum 100.077",
            "silknow_described_pictures_total 5",
            "silknow_waiting_requests 3",
            "silknow_index_images{index=\"a\\\"b\"} 12",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
        }
    }
}
