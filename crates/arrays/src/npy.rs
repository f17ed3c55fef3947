//! Reading one `.npy` array whose header cannot be trusted: everything that it claims is compared with the bytes that
//! are there before anything is allocated.

use std::io::{self, Read};

use crate::array::{Array, Elements};

/// The most bytes of a header. Those of plain arrays have about a hundred.
const HEADER_BYTES: usize = 1 << 16;

/// The bytes that are read at once, a multiple of every element's size.
const BLOCK_BYTES: usize = 1 << 16;

/// The most bytes of an array that is stored compressed: 4 GiB. Stored as they are, arrays may be longer.
const INFLATED_BYTES: u64 = 4 << 30;

/// The most bytes that one compressed byte may stand for, in arrays above [`FREE_BYTES`]. Deflate can reach 1032, for zeros;
/// descriptors reach 2, and names and labels rarely 30.
const INFLATION: u64 = 64;

/// What a compressed array may have whatever it is compressed to: 16 MiB.
const FREE_BYTES: u64 = 16 << 20;

/// How many bytes an array has, as its container says and as the file can hold them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    /// Length of the whole array with its header, in bytes.
    pub length: u64,
    /// Bytes that it takes in the file.
    pub in_file: u64,
    /// Whether it is compressed.
    pub compressed: bool,
}

/// Why an array is not read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read, or is not what it claims to be.
    Broken(io::Error),
    /// It is a pickle.
    Pickle,
    /// It is stored column by column.
    ColumnByColumn,
    /// Its type is not supported.
    Type(String),
    /// A number does not fit into the type that it is read as.
    Range(String),
}

impl From<io::Error> for Fault {
    fn from(cause: io::Error) -> Self {
        Self::Broken(cause)
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::Broken(io::Error::new(io::ErrorKind::InvalidData, message.into()))
}

/// Reads an array to its end, where the container compares its checksum.
pub(crate) fn read(mut reader: impl Read, stored: Stored) -> Result<Array, Fault> {
    let header = Header::read(&mut reader)?;
    if header.kind == 'O' {
        return Err(Fault::Pickle);
    }
    if header.column_by_column {
        return Err(Fault::ColumnByColumn);
    }
    let count = header.count().ok_or_else(|| invalid("its shape is too large"))?;
    let element_bytes = header.element_bytes()?;
    let bytes = (count as u64).checked_mul(element_bytes).ok_or_else(|| invalid("its shape is too large"))?;
    let most_in_file = if stored.compressed {
        stored.in_file.saturating_mul(INFLATION).clamp(FREE_BYTES, INFLATED_BYTES)
    } else {
        stored.in_file
    };
    if stored.length.checked_sub(header.length) != Some(bytes) || bytes > most_in_file {
        return Err(invalid(format!(
            "its shape {:?} needs {bytes} bytes, and {} are there",
            header.shape,
            stored.length.saturating_sub(header.length).min(most_in_file)
        )));
    }
    let mut source = Source { reader: &mut reader, count, big: header.big_endian };
    let elements = match (header.kind, header.size) {
        ('f', 4) => Elements::F32(source.numbers(|bytes| Ok(f32::from_le_bytes(bytes)))?),
        ('f', 8) => Elements::F32(source.numbers(|bytes| Ok(f64::from_le_bytes(bytes) as f32))?),
        ('i', 4) => Elements::I32(source.numbers(|bytes| Ok(i32::from_le_bytes(bytes)))?),
        ('i', 8) => Elements::I32(source.numbers(|bytes| {
            let wide = i64::from_le_bytes(bytes);
            i32::try_from(wide).map_err(|_| Fault::Range(format!("{wide} does not fit into int32")))
        })?),
        ('u', 1) => Elements::U8(source.numbers(|[byte]: [u8; 1]| Ok(byte))?),
        ('U', width) => Elements::Text(source.texts(width)?),
        _ => return Err(Fault::Type(header.descr)),
    };
    match reader.read(&mut [0])? {
        0 => Ok(Array { shape: header.shape, elements }),
        _ => Err(invalid("it is longer than its shape says")),
    }
}

/// The most that a pickle may be larger than the file that it is compressed in.
const PICKLE_RATIO: u64 = 64;

/// Reads the pickle of an array of objects, which is not looked into.
pub(crate) fn read_pickle(mut reader: impl Read, stored: Stored) -> Result<Vec<u8>, Fault> {
    let header = Header::read(&mut reader)?;
    if header.kind != 'O' {
        return Err(Fault::Type(header.descr));
    }
    let most = stored.in_file.saturating_mul(if stored.compressed { PICKLE_RATIO } else { 1 });
    let mut pickle = Vec::new();
    reader.by_ref().take(most).read_to_end(&mut pickle)?;
    match reader.read(&mut [0])? {
        0 => Ok(pickle),
        _ => Err(invalid(format!("it has more than {most} bytes"))),
    }
}

/// What an array says of itself.
#[derive(Debug)]
struct Header {
    /// The type as it is written, such as `<f4`.
    descr: String,
    kind: char,
    /// Bytes of an element, for texts the characters.
    size: u64,
    big_endian: bool,
    column_by_column: bool,
    shape: Vec<usize>,
    /// Length of the header itself in bytes.
    length: u64,
}

impl Header {
    fn read(reader: &mut impl Read) -> Result<Self, Fault> {
        let mut start = [0; 8];
        reader.read_exact(&mut start)?;
        if start[..6] != *b"\x93NUMPY" {
            return Err(invalid("it does not begin as a NumPy array does"));
        }
        let length_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => return Err(invalid(format!("version {version} of the NumPy format is not known"))),
        };
        let mut length = [0; 4];
        reader.read_exact(&mut length[..length_bytes])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > HEADER_BYTES {
            return Err(invalid(format!("its header claims {length} bytes, above the limit of {HEADER_BYTES}")));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text, (start.len() + length_bytes + length) as u64)
            .ok_or_else(|| invalid(format!("its header is not understood: {}", text.trim())))
    }

    /// Reads the Python dictionary of a header, such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    fn parse(text: &str, length: u64) -> Option<Self> {
        let after = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}'"))?;
            Some(rest.trim_start().strip_prefix(':')?.trim_start())
        };
        let column_by_column = match after("fortran_order")? {
            value if value.starts_with("False") => false,
            value if value.starts_with("True") => true,
            _ => return None,
        };
        let (lengths, _) = after("shape")?.strip_prefix('(')?.split_once(')')?;
        let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
        let shape = lengths.map(|length| length.trim_end_matches('L').parse().ok()).collect::<Option<_>>()?;
        let descr = after("descr")?;
        // Arrays of records describe their type by a list; they are not supported.
        let descr = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or(descr, |(descr, _)| descr);
        let mut letters = descr.trim_start_matches(['<', '>', '|', '=']).chars();
        let kind = letters.next()?;
        let size = letters.as_str().parse().unwrap_or(0);
        let big_endian = descr.starts_with('>');
        Some(Self { descr: descr.to_owned(), kind, size, big_endian, column_by_column, shape, length })
    }

    /// The number of elements; none where it is beyond every memory.
    fn count(&self) -> Option<usize> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        self.shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length))
    }

    fn element_bytes(&self) -> Result<u64, Fault> {
        match (self.kind, self.size) {
            ('f' | 'i', 4 | 8) | ('u', 1) => Ok(self.size),
            // NumPy never stores texts of no width. They would take memory without taking bytes in the file.
            ('U', 1..) => self.size.checked_mul(4).ok_or_else(|| invalid("its texts are too wide")),
            _ => Err(Fault::Type(self.descr.clone())),
        }
    }
}

/// The elements that follow a header.
struct Source<'a, R> {
    reader: &'a mut R,
    count: usize,
    big: bool,
}

impl<R: Read> Source<'_, R> {
    /// Reads all elements, block by block.
    fn numbers<const N: usize, T>(&mut self, number: impl Fn([u8; N]) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(self.count).map_err(io::Error::from)?;
        let mut block = vec![0; BLOCK_BYTES.min(self.count.saturating_mul(N))];
        while numbers.len() < self.count {
            let bytes = (self.count - numbers.len()).saturating_mul(N).min(BLOCK_BYTES);
            self.reader.read_exact(&mut block[..bytes])?;
            let (elements, _) = block[..bytes].as_chunks::<N>();
            for &element in elements {
                let mut element = element;
                if self.big {
                    element.reverse();
                }
                numbers.push(number(element)?);
            }
        }
        Ok(numbers)
    }

    /// Reads texts of `width` characters, which end in zeros where they are shorter.
    fn texts(&mut self, width: u64) -> Result<Vec<String>, Fault> {
        let mut texts = Vec::new();
        for _ in 0..self.count {
            let mut text = String::new();
            // Zeros inside of a text belong to it, those at its end do not.
            let mut zeros = 0;
            let mut left = width;
            let mut block = [0; 256];
            while left > 0 {
                let bytes = left.saturating_mul(4).min(block.len() as u64) as usize;
                self.reader.read_exact(&mut block[..bytes])?;
                left -= bytes as u64 / 4;
                for &letter in block[..bytes].as_chunks::<4>().0 {
                    let code = if self.big { u32::from_be_bytes(letter) } else { u32::from_le_bytes(letter) };
                    if code == 0 {
                        zeros += 1;
                        continue;
                    }
                    text.extend(std::iter::repeat_n('\0', std::mem::take(&mut zeros)));
                    text.push(char::from_u32(code).ok_or_else(|| invalid("a text is not Unicode"))?);
                }
            }
            texts.push(text);
        }
        Ok(texts)
    }
}
