//! The objects of the collection: what each silk is, which museum keeps it, what of it the museum wrote down,
//! and which images it has.
//!
//! The five variables and their classes stand here, and how records are drawn. How a property looks is decided by the picture
//! modules; how a record is spelt in the table, by `export`.

use std::f32::consts::PI;

use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use crate::DemoCollection;

/// The museums whose objects are wanted, in the order of their names.
pub const MUSEUMS: [&str; 2] = ["demo-silk-museum", "demo-weaving-school"];

/// A museum whose few objects are in the table to be filtered out.
pub const FURTHER_MUSEUM: &str = "demo-textile-fair";

/// Folder of the images, beside the table.
pub const IMAGE_FOLDER: &str = "images";

/// A variable's classes, with the share of the objects that each has and its name in the table.
pub trait Class: Copy + PartialEq + Sized + 'static {
    /// Every class with its share of the objects, before habits; the shares add up to 1.
    const SHARES: &'static [(Self, f32)];

    /// The label as the table has it; for technique, material and depiction the end of an address.
    fn label(self) -> &'static str;
}

macro_rules! classes {
    ($(#[$about:meta])* $name:ident { $($(#[$of_class:meta])* $class:ident $label:literal $share:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of_class])* $class,)+ }

        impl Class for $name {
            const SHARES: &'static [(Self, f32)] = &[$((Self::$class, $share),)+];

            fn label(self) -> &'static str {
                match self { $(Self::$class => $label,)+ }
            }
        }
    };
}

classes! {
    /// Where the silk was woven: its palette and the lay-out of its repeat.
    Place {
        /// Greens and ochres; figures in octagons of strapwork.
        Spain "ES" 0.20,
        /// Pastels; figures between meandering ribbons.
        France "FR" 0.25,
        /// Crimson, ivory and gold; figures in ogives.
        Italy "IT" 0.22,
        /// Imperial yellow, vermilion and blue; figures in roundels.
        China "CN" 0.18,
        /// Indigo, turquoise and saffron; rows of figures that face in turn to either side.
        Persia "IR" 0.15,
    }
}

classes! {
    /// When the silk was woven: size of the repeat, ground, wear.
    Timespan {
        /// Large repeat on a plain ground; browned and worn.
        Sixteenth "sixteenth century (dates CE)" 0.23,
        /// Medium repeat on a ground strewn with dots; a little faded.
        Seventeenth "seventeenth century (dates CE)" 0.25,
        /// Smaller repeat on a ribbed ground; fresh and light.
        Eighteenth "eighteenth century (dates CE)" 0.27,
        /// Small repeat on a latticed ground; strong dyes.
        Nineteenth "nineteenth century (dates CE)" 0.25,
    }
}

classes! {
    /// How the silk was woven.
    Technique {
        /// Over one, under one; the figure is printed on the warp.
        Tabby "tabby" 0.20,
        /// Diagonals; the figure in the opposite face.
        Twill "twill" 0.20,
        /// A smooth face with scattered bindings; the figure in coloured wefts.
        Satin "satin" 0.18,
        /// One colour; the figure shows by the other face of the satin.
        Damask "damask" 0.22,
        /// The figure stands in pile above a flat ground.
        Velvet "velvet" 0.20,
    }
}

classes! {
    /// What the threads are of.
    Material {
        /// Fine, even, lustrous.
        Silk "silk" 0.27,
        /// Uneven with slubs, dull, pale.
        Linen "linen" 0.24,
        /// Silk with figures in glinting metal.
        MetalThread "metal_thread" 0.25,
        /// Thick, fuzzy, dull, deep.
        Wool "wool" 0.24,
    }
}

classes! {
    /// What the figure shows.
    Depiction {
        /// Rosettes on leafy stems.
        Flowers "flowers" 0.18,
        /// Branches and palmettes without blossoms.
        Foliage "foliage" 0.17,
        /// Birds and lions.
        Animals "animals" 0.23,
        /// Stars, lozenges and chequers.
        Geometry "geometry" 0.22,
        /// Broad vertical bands.
        Stripes "stripes" 0.20,
    }
}

/// One woven silk: everything that its pictures show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silk {
    /// Where it was woven.
    pub place: Place,
    /// When it was woven.
    pub timespan: Timespan,
    /// How it was woven.
    pub technique: Technique,
    /// Of what it was woven.
    pub material: Material,
    /// What it depicts.
    pub depiction: Depiction,
    /// Settles everything else: colourway, variant of the figure, irregularity.
    pub seed: u32,
}

/// How a picture is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Width and height of the picture.
    pub size_px: (u32, u32),
    /// Distance of neighbouring silk threads; linen and wool are coarser.
    pub pitch_px: f32,
    /// Rotation of the cloth.
    pub rotation_rad: f32,
    /// The place of the cloth that stands in the picture's middle, in silk threads.
    pub centre_threads: (f32, f32),
    /// Direction towards the light in the picture's plane, 0 to the right, clockwise.
    pub light_rad: f32,
    /// Exposure: 1 is right.
    pub exposure: f32,
}

/// What became of an image file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there and whole.
    Whole,
    /// It was never there.
    Missing,
    /// It ends after its first bytes.
    Cut,
}

/// An image of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Path relative to the table's folder.
    pub deeplink: String,
    /// How it is taken.
    pub view: View,
    /// What became of its file.
    pub state: State,
}

/// The labels that the museum recorded: any number for each variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Countries.
    pub place: Vec<Place>,
    /// Centuries.
    pub timespan: Vec<Timespan>,
    /// Weaves.
    pub technique: Vec<Technique>,
    /// Fibres.
    pub material: Vec<Material>,
    /// Figures.
    pub depiction: Vec<Depiction>,
}

/// An object in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Object id.
    pub id: String,
    /// Museum that keeps it.
    pub museum: &'static str,
    /// What it is.
    pub silk: Silk,
    /// What of that is written down.
    pub labels: Labels,
    /// Its images, the whole view first.
    pub images: Vec<Image>,
}

/// Draws the records: the wanted objects, then those of the further museum, then the two without a picture.
pub fn draw(collection: &DemoCollection) -> Vec<Record> {
    /// Few, yet enough to be noticed when they are not filtered out.
    const FURTHER_OBJECTS: usize = 6;
    let wanted = collection.objects;
    let total = wanted + FURTHER_OBJECTS + 2;
    let rng = &mut ChaCha8Rng::seed_from_u64(collection.seed);
    let silks = draw_silks(total, rng);
    let labels = draw_labels(&silks, rng);
    silks
        .into_iter()
        .zip(labels)
        .enumerate()
        .map(|(position, (silk, labels))| {
            let id = format!("silk-{:04}", position + 1);
            let faulty = match position.checked_sub(wanted + FURTHER_OBJECTS) {
                Some(0) => Some(State::Missing),
                Some(_) => Some(State::Cut),
                None => None,
            };
            let museum = match position {
                position if position >= wanted && faulty.is_none() => FURTHER_MUSEUM,
                // The first museum has about two thirds of the objects.
                _ => MUSEUMS[usize::from(rng.random_bool(0.35))],
            };
            let views = if faulty.is_some() { 1 } else { *[1, 2, 2, 3].choose(rng).expect("not empty") };
            let images = (1..=views)
                .map(|number| Image {
                    deeplink: format!("{IMAGE_FOLDER}/{id}-{number}.jpg"),
                    view: draw_view(number, rng),
                    state: faulty.unwrap_or(State::Whole),
                })
                .collect();
            Record { id, museum, silk, labels, images }
        })
        .collect()
}

/// A shuffled deck of `size` cards in the given shares, exact but for rounding.
fn deck<T: Copy>(shares: &[(T, f32)], size: usize, rng: &mut ChaCha8Rng) -> Vec<T> {
    let mut cards: Vec<T> = (0..size)
        .map(|position| {
            let mut left = (position as f32 + 0.5) / size as f32;
            for &(card, share) in shares {
                left -= share;
                if left < 0.0 {
                    return card;
                }
            }
            // Only reached where the sum of the shares is rounded down.
            shares[shares.len() - 1].0
        })
        .collect();
    cards.shuffle(rng);
    cards
}

/// What the workshops of a place wove more than others did.
fn habits(place: Place) -> (Timespan, Technique, Material, Depiction) {
    match place {
        Place::Spain => (Timespan::Sixteenth, Technique::Tabby, Material::Wool, Depiction::Geometry),
        Place::France => (Timespan::Eighteenth, Technique::Satin, Material::Silk, Depiction::Flowers),
        Place::Italy => (Timespan::Seventeenth, Technique::Velvet, Material::MetalThread, Depiction::Foliage),
        Place::China => (Timespan::Nineteenth, Technique::Damask, Material::Silk, Depiction::Animals),
        Place::Persia => (Timespan::Nineteenth, Technique::Twill, Material::Linen, Depiction::Stripes),
    }
}

/// Draws the objects. As in real collections the variables hang together a little: a workshop had its habits.
fn draw_silks(size: usize, rng: &mut ChaCha8Rng) -> Vec<Silk> {
    /// How often a habit decides; else all classes are drawn in their shares.
    const HABIT: f64 = 0.35;
    fn either<T>(habit: T, card: T, rng: &mut ChaCha8Rng) -> T {
        if rng.random_bool(HABIT) { habit } else { card }
    }
    let places = deck(Place::SHARES, size, rng);
    let timespans = deck(Timespan::SHARES, size, rng);
    let techniques = deck(Technique::SHARES, size, rng);
    let materials = deck(Material::SHARES, size, rng);
    let depictions = deck(Depiction::SHARES, size, rng);
    (0..size)
        .map(|i| {
            let place = places[i];
            let (timespan, technique, material, depiction) = habits(place);
            Silk {
                place,
                timespan: either(timespan, timespans[i], rng),
                technique: either(technique, techniques[i], rng),
                material: either(material, materials[i], rng),
                depiction: either(depiction, depictions[i], rng),
                seed: rng.random(),
            }
        })
        .collect()
}

/// Draws what the museums wrote down of the objects.
fn draw_labels(silks: &[Silk], rng: &mut ChaCha8Rng) -> Vec<Labels> {
    let places = written_down(silks.iter().map(|silk| silk.place), rng);
    let timespans = written_down(silks.iter().map(|silk| silk.timespan), rng);
    let techniques = written_down(silks.iter().map(|silk| silk.technique), rng);
    let materials = written_down(silks.iter().map(|silk| silk.material), rng);
    let depictions = written_down(silks.iter().map(|silk| silk.depiction), rng);
    places
        .into_iter()
        .zip(timespans)
        .zip(techniques.into_iter().zip(materials))
        .zip(depictions)
        .map(|(((place, timespan), (technique, material)), depiction)| Labels {
            place,
            timespan,
            technique,
            material,
            depiction,
        })
        .collect()
}

/// One variable's labels. A tenth of the objects has none. Another tenth has two, of which at most one is right.
fn written_down<T: Class>(truths: impl ExactSizeIterator<Item = T>, rng: &mut ChaCha8Rng) -> Vec<Vec<T>> {
    let numbers = deck(&[(1, 0.8), (0, 0.1), (2, 0.1)], truths.len(), rng);
    truths
        .zip(numbers)
        .map(|(truth, number)| {
            let others: Vec<T> = T::SHARES.iter().map(|&(class, _)| class).filter(|&class| class != truth).collect();
            let other = *others.choose(rng).expect("every variable has several classes");
            [truth, other][..number].to_vec()
        })
        .collect()
}

/// Draws how an object's image of this number is taken: the whole, a detail, and one at an angle.
fn draw_view(number: usize, rng: &mut ChaCha8Rng) -> View {
    let mut between = |low: f32, high: f32| rng.random_range(low..high);
    let centre_threads = (between(-200.0, 200.0), between(-200.0, 200.0));
    let (pitch_px, rotation_rad, light_rad) = match number {
        1 => (between(4.3, 4.9), between(-0.02, 0.02), between(1.3, 1.7) * PI),
        2 => (between(7.5, 9.5), between(-0.03, 0.03), between(1.3, 1.7) * PI),
        _ => (between(4.6, 5.6), between(0.06, 0.18), between(0.8, 1.2) * PI),
    };
    let exposure = between(0.92, 1.08);
    let size_px = *[(480, 480), (480, 540), (540, 480)].choose(rng).expect("not empty");
    View { size_px, pitch_px, rotation_rad, centre_threads, light_rad, exposure }
}
