//! Groups of equal and nearly equal pictures, and what has to stay together because of them.
//!
//! A group is a first picture and those that are nearly equal to it: nothing is near by way of a third, so groups do not
//! grow into chains. The same pictures in the same order give the same groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::likeness::{Likeness, MOST_BITS};

/// A picture that more objects than this share is a placeholder (such as "image not available"): it says nothing of them.
pub const MOST_OBJECTS: usize = 20;

/// Why pictures are in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All have the same pixels.
    Equal,
    /// They look the same.
    Near,
    /// A list says that they belong together.
    Stated,
    /// They look the same, and more than [`MOST_OBJECTS`] objects have them. Nothing is tied together.
    Placeholder,
    /// All are of one colour each. Nothing is tied together.
    Blank,
}

impl Kind {
    /// The word for it in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Near => "near",
            Self::Stated => "stated",
            Self::Placeholder => "placeholder",
            Self::Blank => "blank",
        }
    }

    /// Whether the pictures stay on one side of every split, and can stand for each other.
    pub fn ties(self) -> bool {
        matches!(self, Self::Equal | Self::Near | Self::Stated)
    }
}

/// Pictures that are equal or nearly equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Why they are.
    pub kind: Kind,
    /// Its pictures by number, ascending, at least two, each with the bits in which its hash differs from the first's.
    pub members: Vec<(usize, u32)>,
}

/// The groups among pictures, ordered by their first pictures. A picture without a signature, because it could not be
/// read, is in none. `objects` has a key for every picture.
pub fn find_groups(likenesses: &[Option<Likeness>], objects: &[&str]) -> Vec<Group> {
    let mut leaders = Leaders::new();
    let mut first_of_digest: HashMap<[u8; 32], usize> = HashMap::new();
    // By the first picture, the members; a leader without followers is not a group.
    let mut members: BTreeMap<usize, Vec<(usize, u32)>> = BTreeMap::new();
    // Of every picture its group's first one and the distance from it.
    let mut place: Vec<(usize, u32)> = (0..likenesses.len()).map(|picture| (picture, 0)).collect();
    let mut blank = Vec::new();
    for (picture, likeness) in likenesses.iter().enumerate() {
        let Some(likeness) = likeness else { continue };
        if likeness.is_blank {
            blank.push((picture, 0));
            continue;
        }
        let twin = *first_of_digest.entry(likeness.digest).or_insert(picture);
        if twin != picture {
            place[picture] = place[twin];
        } else if let Some((leader, bits)) = leaders.nearest(likeness, likenesses) {
            place[picture] = (leader, bits);
        } else {
            leaders.add(picture, likeness.hash);
        }
        let (leader, bits) = place[picture];
        members.entry(leader).or_default().push((picture, bits));
    }
    let digest = |picture: usize| likenesses[picture].as_ref().map(|likeness| likeness.digest);
    let kind = |members: &[(usize, u32)]| {
        let owners: BTreeSet<&str> = members.iter().map(|&(picture, _)| objects[picture]).collect();
        match members.iter().all(|&(picture, _)| digest(picture) == digest(members[0].0)) {
            _ if owners.len() > MOST_OBJECTS => Kind::Placeholder,
            true => Kind::Equal,
            false => Kind::Near,
        }
    };
    let mut groups: Vec<Group> = members
        .into_values()
        .filter(|members| members.len() > 1)
        .map(|members| Group { kind: kind(&members), members })
        .collect();
    if blank.len() > 1 {
        groups.push(Group { kind: Kind::Blank, members: blank });
        groups.sort_by_key(|group| group.members[0]);
    }
    groups
}

/// A number per picture that is the same for pictures that stay together: those of one object, those of one group that
/// [ties](Kind::ties), and whatever these connect.
pub fn kept_together<'a>(objects: &[&str], groups: impl IntoIterator<Item = &'a [usize]>) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..objects.len()).collect();
    let mut first_of_object: HashMap<&str, usize> = HashMap::new();
    for (picture, object) in objects.iter().enumerate() {
        let first = *first_of_object.entry(object).or_insert(picture);
        join(&mut parents, first, picture);
    }
    for group in groups {
        group.windows(2).for_each(|pair| join(&mut parents, pair[0], pair[1]));
    }
    (0..objects.len()).map(|picture| root(&mut parents, picture)).collect()
}

/// The lowest number of the set that a picture is in.
fn root(parents: &mut [usize], mut picture: usize) -> usize {
    while parents[picture] != picture {
        parents[picture] = parents[parents[picture]];
        picture = parents[picture];
    }
    picture
}

fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

/// The pieces of a hash of 64 bits.
const PIECES: usize = 4;

/// The bits of a piece.
const PIECE_BITS: u32 = 64 / PIECES as u32;

/// The bits by which at least one piece of two hashes differs at most, if these differ by at most [`MOST_BITS`].
const PIECE_DISTANCE: u32 = MOST_BITS / PIECES as u32;

/// The first pictures of groups, found by their hashes without a comparison with all.
///
/// Of two hashes that differ in few bits some piece differs in at most a [`PIECES`]th of them. So every picture is entered
/// under each of its pieces, and looked up under each of its own pieces with every small change.
struct Leaders {
    /// Per piece and value the pictures.
    entries: Vec<HashMap<u16, Vec<usize>>>,
    /// All changes of a piece by at most [`PIECE_DISTANCE`] bits.
    changes: Vec<u16>,
}

impl Leaders {
    fn new() -> Self {
        let changes = (0..=u16::MAX).filter(|change| change.count_ones() <= PIECE_DISTANCE).collect();
        Self { entries: vec![HashMap::new(); PIECES], changes }
    }

    fn pieces(hash: u64) -> [u16; PIECES] {
        std::array::from_fn(|piece| (hash >> (piece as u32 * PIECE_BITS)) as u16)
    }

    fn add(&mut self, picture: usize, hash: u64) {
        for (entries, piece) in self.entries.iter_mut().zip(Self::pieces(hash)) {
            entries.entry(piece).or_default().push(picture);
        }
    }

    /// The leader that is nearest to a picture, the first of equally near ones, and its distance.
    fn nearest(&self, likeness: &Likeness, likenesses: &[Option<Likeness>]) -> Option<(usize, u32)> {
        let found = self.entries.iter().zip(Self::pieces(likeness.hash)).flat_map(|(entries, piece)| {
            self.changes.iter().filter_map(move |change| entries.get(&(piece ^ change))).flatten()
        });
        found
            .filter_map(|&leader| Some((likeness.distance(likenesses[leader].as_ref()?)?, leader)))
            .min()
            .map(|(bits, leader)| (leader, bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_image::RgbImage;

    /// A picture of two waves, which nothing but a picture with the same numbers is near to.
    fn likeness(number: u32, brightness: u8) -> Option<Likeness> {
        let picture = RgbImage::from_fn(96, 64, |x, y| {
            let rings = (x * y / 64 + number).is_multiple_of(5);
            let on = (x / (3 + number % 7) + y / (4 + number / 7)).is_multiple_of(2) || rings;
            [if on { 200 + brightness } else { 40 + brightness }; 3].into()
        });
        Some(Likeness::of(&picture))
    }

    #[test]
    fn equal_and_near_pictures_make_groups_around_the_first() {
        let blank = Some(Likeness::of(&RgbImage::from_pixel(64, 64, [255; 3].into())));
        let pictures = [
            likeness(0, 0),
            likeness(1, 0),
            blank.clone(),
            likeness(0, 0),
            likeness(1, 9),
            None,
            likeness(2, 0),
            blank,
        ];
        let objects = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let groups = find_groups(&pictures, &objects);
        let found: Vec<(Kind, Vec<usize>)> = groups
            .iter()
            .map(|group| (group.kind, group.members.iter().map(|&(picture, _)| picture).collect()))
            .collect();
        assert_eq!(found, [(Kind::Equal, vec![0, 3]), (Kind::Near, vec![1, 4]), (Kind::Blank, vec![2, 7])]);
    }

    #[test]
    fn a_picture_of_many_objects_is_a_placeholder_and_ties_nothing() {
        let pictures = vec![likeness(3, 0); MOST_OBJECTS + 1];
        let names: Vec<String> = (0..pictures.len()).map(|object| object.to_string()).collect();
        let objects: Vec<&str> = names.iter().map(String::as_str).collect();
        let groups = find_groups(&pictures, &objects);
        assert_eq!((groups.len(), groups[0].kind, groups[0].members.len()), (1, Kind::Placeholder, MOST_OBJECTS + 1));
        assert!(!groups[0].kind.ties());
        assert_eq!(find_groups(&pictures[1..], &objects[1..])[0].kind, Kind::Equal);
    }

    #[test]
    fn objects_and_groups_together_say_what_stays_together() {
        let objects = ["a", "a", "b", "c", "c", "d"];
        assert_eq!(kept_together(&objects, std::iter::empty()), [0, 0, 2, 3, 3, 5]);
        let groups: [&[usize]; 2] = [&[1, 4], &[5]];
        assert_eq!(kept_together(&objects, groups), [0, 0, 2, 0, 0, 5]);
    }
}
