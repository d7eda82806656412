//! A rule, taken apart.

/// `SELECT … FROM '…' WHERE …`
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What the result has, in this order.
    pub items: Vec<Item>,
    /// The filter in FROM.
    pub filter: String,
    /// What must be true.
    pub condition: Option<Expression>,
}

/// A part of the result.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `*`: all of the payload.
    All,
    /// An expression, and the names from the outermost object to its own.
    Named(Expression, Vec<String>),
}

/// Something that has a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A value as it stands, in JSON.
    Literal(String),
    /// A field of the payload, by the names that lead to it.
    Field(Vec<String>),
    /// `topic()`
    Topic,
    /// `topic(n)`: a level, from 1.
    Level(usize),
    /// `timestamp()`
    Timestamp,
    /// `clientid()`
    ClientId,
    /// `encode(*, 'base64')`
    EncodedPayload,
    /// `get(value, key or index)`
    Get(Box<Expression>, Box<Expression>),
    /// `NOT …`
    Not(Box<Expression>),
    /// `… AND … AND …`
    And(Vec<Expression>),
    /// `… OR … OR …`
    Or(Vec<Expression>),
    /// Two values, compared.
    Compare(Comparison, Box<Expression>, Box<Expression>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A text with expressions in it: `stamped/${topic()}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(pub Vec<Piece>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// What stood in `${…}`.
    Value(Expression),
}

impl Expression {
    /// Whether it has a name of the payload in it.
    pub fn has_field(&self) -> bool {
        match self {
            Expression::Field(_) => true,
            Expression::Get(value, key) => value.has_field() || key.has_field(),
            Expression::Not(value) => value.has_field(),
            Expression::And(all) | Expression::Or(all) => all.iter().any(Expression::has_field),
            Expression::Compare(_, left, right) => left.has_field() || right.has_field(),
            _ => false,
        }
    }
}
