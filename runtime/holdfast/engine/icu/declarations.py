"""The functions of ICU that are called, as its headers declare them, but for their versions.

Each begins a line; enums are ints.
"""

_COMMON = """
typedef uint16_t UChar;
typedef int UErrorCode;
typedef int8_t UBool;
typedef struct UEnumeration UEnumeration;

const char *u_errorName(int code);
const char *uenum_next(UEnumeration *, int32_t *length, UErrorCode *);
void uenum_close(UEnumeration *);
"""

# unicode/uformattedvalue.h
_FORMATTED = """
typedef struct UFormattedValue UFormattedValue;
typedef struct UConstrainedFieldPosition UConstrainedFieldPosition;

const UChar *ufmtval_getString(const UFormattedValue *, int32_t *length, UErrorCode *);
UBool ufmtval_nextPosition(const UFormattedValue *, UConstrainedFieldPosition *, UErrorCode *);
UConstrainedFieldPosition *ucfpos_open(UErrorCode *);
void ucfpos_close(UConstrainedFieldPosition *);
void ucfpos_reset(UConstrainedFieldPosition *, UErrorCode *);
int32_t ucfpos_getCategory(const UConstrainedFieldPosition *, UErrorCode *);
int32_t ucfpos_getField(const UConstrainedFieldPosition *, UErrorCode *);
void ucfpos_getIndexes(const UConstrainedFieldPosition *, int32_t *start, int32_t *limit, UErrorCode *);
"""

# unicode/unumberformatter.h, unumberrangeformatter.h
_NUMBERS = """
typedef struct UNumberFormatter UNumberFormatter;
typedef struct UFormattedNumber UFormattedNumber;
typedef struct UNumberRangeFormatter UNumberRangeFormatter;
typedef struct UFormattedNumberRange UFormattedNumberRange;

UNumberFormatter *unumf_openForSkeletonAndLocale(const UChar *, int32_t, const char *locale, UErrorCode *);
void unumf_close(UNumberFormatter *);
UFormattedNumber *unumf_openResult(UErrorCode *);
void unumf_closeResult(UFormattedNumber *);
void unumf_formatDouble(const UNumberFormatter *, double, UFormattedNumber *, UErrorCode *);
void unumf_formatDecimal(const UNumberFormatter *, const char *, int32_t, UFormattedNumber *, UErrorCode *);
const UFormattedValue *unumf_resultAsValue(const UFormattedNumber *, UErrorCode *);
UNumberRangeFormatter *unumrf_openForSkeletonWithCollapseAndIdentityFallback(const UChar *, int32_t, int collapse, int identity, const char *locale, void *error, UErrorCode *);
void unumrf_close(UNumberRangeFormatter *);
UFormattedNumberRange *unumrf_openResult(UErrorCode *);
void unumrf_closeResult(UFormattedNumberRange *);
void unumrf_formatDecimalRange(const UNumberRangeFormatter *, const char *, int32_t, const char *, int32_t, UFormattedNumberRange *, UErrorCode *);
const UFormattedValue *unumrf_resultAsValue(const UFormattedNumberRange *, UErrorCode *);
"""

# unicode/uloc.h, unumsys.h, ures.h
_LOCALES = """
int32_t uloc_countAvailable(void);
const char *uloc_getAvailable(int32_t);
int32_t uloc_forLanguageTag(const char *tag, char *, int32_t, int32_t *parsed, UErrorCode *);
int32_t uloc_toLanguageTag(const char *locale, char *, int32_t, UBool strict, UErrorCode *);
int32_t uloc_canonicalize(const char *, char *, int32_t, UErrorCode *);
"""

DECLARATIONS = _COMMON + _FORMATTED + _NUMBERS + _LOCALES
