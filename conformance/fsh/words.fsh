// Where resources name people and units by words on purpose, what else stands in codes and references is still bound.

Invariant: words-1
Description: "A code is told by its code, a resource of this message by its address, neither by words beside it / Koder och resurser i meddelandet anges utan egen text vid sidan om"
Severity: #error
Expression: "descendants().ofType(CodeableConcept).text.empty() and descendants().ofType(Reference).where(reference.exists()).all(display.empty() and identifier.empty())"
