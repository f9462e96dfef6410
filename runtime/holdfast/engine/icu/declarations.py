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

# unicode/upluralrules.h, ulistformatter.h, ureldatefmt.h, unum.h
_PHRASES = """
typedef struct UPluralRules UPluralRules;
typedef struct UListFormatter UListFormatter;
typedef struct UFormattedList UFormattedList;
typedef struct URelativeDateTimeFormatter URelativeDateTimeFormatter;
typedef struct UFormattedRelativeDateTime UFormattedRelativeDateTime;
typedef void *UNumberFormat;

UPluralRules *uplrules_openForType(const char *locale, int type, UErrorCode *);
void uplrules_close(UPluralRules *);
int32_t uplrules_selectFormatted(const UPluralRules *, const UFormattedNumber *, UChar *, int32_t, UErrorCode *);
int32_t uplrules_selectForRange(const UPluralRules *, const UFormattedNumberRange *, UChar *, int32_t, UErrorCode *);
UEnumeration *uplrules_getKeywords(const UPluralRules *, UErrorCode *);
UListFormatter *ulistfmt_openForType(const char *locale, int type, int width, UErrorCode *);
void ulistfmt_close(UListFormatter *);
UFormattedList *ulistfmt_openResult(UErrorCode *);
void ulistfmt_closeResult(UFormattedList *);
void ulistfmt_formatStringsToResult(const UListFormatter *, const UChar *const *, const int32_t *lengths, int32_t, UFormattedList *, UErrorCode *);
const UFormattedValue *ulistfmt_resultAsValue(const UFormattedList *, UErrorCode *);
UNumberFormat *unum_open(int style, const UChar *pattern, int32_t, const char *locale, void *error, UErrorCode *);
void unum_setAttribute(UNumberFormat *, int attribute, int32_t value);
URelativeDateTimeFormatter *ureldatefmt_open(const char *locale, UNumberFormat *, int style, int capitalization, UErrorCode *);
void ureldatefmt_close(URelativeDateTimeFormatter *);
UFormattedRelativeDateTime *ureldatefmt_openResult(UErrorCode *);
void ureldatefmt_closeResult(UFormattedRelativeDateTime *);
void ureldatefmt_formatToResult(const URelativeDateTimeFormatter *, double, int unit, UFormattedRelativeDateTime *, UErrorCode *);
void ureldatefmt_formatNumericToResult(const URelativeDateTimeFormatter *, double, int unit, UFormattedRelativeDateTime *, UErrorCode *);
const UFormattedValue *ureldatefmt_resultAsValue(const UFormattedRelativeDateTime *, UErrorCode *);
"""

# unicode/uloc.h, unumsys.h, ucal.h, ucol.h
_LOCALES = """
typedef struct UNumberingSystem UNumberingSystem;

int32_t uloc_countAvailable(void);
const char *uloc_getAvailable(int32_t);
int32_t uloc_forLanguageTag(const char *tag, char *, int32_t, int32_t *parsed, UErrorCode *);
int32_t uloc_toLanguageTag(const char *locale, char *, int32_t, UBool strict, UErrorCode *);
int32_t uloc_addLikelySubtags(const char *locale, char *, int32_t, UErrorCode *);
int32_t uloc_minimizeSubtags(const char *locale, char *, int32_t, UErrorCode *);
UBool uloc_isRightToLeft(const char *locale);
const char *uloc_toLegacyType(const char *keyword, const char *value);
const char *uloc_toUnicodeLocaleType(const char *key, const char *value);
UNumberingSystem *unumsys_open(const char *locale, UErrorCode *);
UNumberingSystem *unumsys_openByName(const char *name, UErrorCode *);
void unumsys_close(UNumberingSystem *);
const char *unumsys_getName(const UNumberingSystem *);
UBool unumsys_isAlgorithmic(const UNumberingSystem *);
UEnumeration *unumsys_openAvailableNames(UErrorCode *);
UEnumeration *ucal_getKeywordValuesForLocale(const char *key, const char *locale, UBool common, UErrorCode *);
UEnumeration *ucol_getKeywordValues(const char *keyword, UErrorCode *);
UEnumeration *ucol_getKeywordValuesForLocale(const char *key, const char *locale, UBool common, UErrorCode *);
"""

# unicode/uldnames.h, udatpg.h, ustring.h
_NAMES = """
typedef struct ULocaleDisplayNames ULocaleDisplayNames;
typedef void *UDateTimePatternGenerator;

ULocaleDisplayNames *uldn_openForContext(const char *locale, int *contexts, int32_t, UErrorCode *);
void uldn_close(ULocaleDisplayNames *);
int32_t uldn_localeDisplayName(const ULocaleDisplayNames *, const char *, UChar *, int32_t, UErrorCode *);
int32_t uldn_regionDisplayName(const ULocaleDisplayNames *, const char *, UChar *, int32_t, UErrorCode *);
int32_t uldn_scriptDisplayName(const ULocaleDisplayNames *, const char *, UChar *, int32_t, UErrorCode *);
int32_t uldn_keyValueDisplayName(const ULocaleDisplayNames *, const char *key, const char *value, UChar *, int32_t, UErrorCode *);
UDateTimePatternGenerator *udatpg_open(const char *locale, UErrorCode *);
void udatpg_close(UDateTimePatternGenerator *);
int32_t udatpg_getFieldDisplayName(const UDateTimePatternGenerator *, int field, int width, UChar *, int32_t, UErrorCode *);
int udatpg_getDefaultHourCycle(const UDateTimePatternGenerator *, UErrorCode *);
int32_t u_strToUpper(UChar *, int32_t, const UChar *, int32_t, const char *locale, UErrorCode *);
int32_t u_strToLower(UChar *, int32_t, const UChar *, int32_t, const char *locale, UErrorCode *);
"""

# unicode/ucal.h
_CALENDARS = """
typedef void *UCalendar;

UCalendar *ucal_open(const UChar *zone, int32_t, const char *locale, int type, UErrorCode *);
void ucal_close(UCalendar *);
void ucal_setDefaultTimeZone(const UChar *zone, UErrorCode *);
int32_t ucal_getDefaultTimeZone(UChar *, int32_t, UErrorCode *);
void ucal_setMillis(UCalendar *, double, UErrorCode *);
void ucal_setGregorianChange(UCalendar *, double, UErrorCode *);
int32_t ucal_getAttribute(const UCalendar *, int attribute);
int ucal_getDayOfWeekType(const UCalendar *, int day, UErrorCode *);
UEnumeration *ucal_openTimeZoneIDEnumeration(int type, const char *region, const int32_t *offset, UErrorCode *);
int32_t ucal_getCanonicalTimeZoneID(const UChar *, int32_t, UChar *, int32_t, UBool *isSystemId, UErrorCode *);
"""

# unicode/udat.h, udatpg.h, udateintervalformat.h, ufieldpositer.h
_DATES = """
typedef void *UDateFormat;
typedef struct UDateIntervalFormat UDateIntervalFormat;
typedef struct UFormattedDateInterval UFormattedDateInterval;
typedef struct UFieldPositionIterator UFieldPositionIterator;

UDateFormat *udat_open(int timeStyle, int dateStyle, const char *locale, const UChar *zone, int32_t, const UChar *pattern, int32_t, UErrorCode *);
void udat_close(UDateFormat *);
void udat_setCalendar(UDateFormat *, const UCalendar *);
int32_t udat_toPattern(const UDateFormat *, UBool localized, UChar *, int32_t, UErrorCode *);
int32_t udat_formatForFields(const UDateFormat *, double, UChar *, int32_t, UFieldPositionIterator *, UErrorCode *);
UFieldPositionIterator *ufieldpositer_open(UErrorCode *);
void ufieldpositer_close(UFieldPositionIterator *);
int32_t ufieldpositer_next(UFieldPositionIterator *, int32_t *start, int32_t *limit);
int32_t udatpg_getBestPatternWithOptions(UDateTimePatternGenerator *, const UChar *skeleton, int32_t, int options, UChar *, int32_t, UErrorCode *);
int32_t udatpg_getSkeleton(UDateTimePatternGenerator *, const UChar *pattern, int32_t, UChar *, int32_t, UErrorCode *);
UDateIntervalFormat *udtitvfmt_open(const char *locale, const UChar *skeleton, int32_t, const UChar *zone, int32_t, UErrorCode *);
void udtitvfmt_close(UDateIntervalFormat *);
UFormattedDateInterval *udtitvfmt_openResult(UErrorCode *);
void udtitvfmt_closeResult(UFormattedDateInterval *);
void udtitvfmt_formatCalendarToResult(const UDateIntervalFormat *, UCalendar *, UCalendar *, UFormattedDateInterval *, UErrorCode *);
const UFormattedValue *udtitvfmt_resultAsValue(const UFormattedDateInterval *, UErrorCode *);
"""

# unicode/ucol.h
_COLLATION = """
typedef struct UCollator UCollator;

int32_t ucol_countAvailable(void);
const char *ucol_getAvailable(int32_t);
UCollator *ucol_open(const char *locale, UErrorCode *);
void ucol_close(UCollator *);
void ucol_setAttribute(UCollator *, int attribute, int value, UErrorCode *);
int ucol_getAttribute(const UCollator *, int attribute, UErrorCode *);
int ucol_strcoll(const UCollator *, const UChar *, int32_t, const UChar *, int32_t);
int32_t ucol_getSortKey(const UCollator *, const UChar *, int32_t, uint8_t *, int32_t);
"""

# unicode/ubrk.h
_SEGMENTS = """
typedef struct UBreakIterator UBreakIterator;

UBreakIterator *ubrk_open(int type, const char *locale, const UChar *, int32_t, UErrorCode *);
UBreakIterator *ubrk_openRules(const UChar *rules, int32_t, const UChar *, int32_t, void *error, UErrorCode *);
UBreakIterator *ubrk_clone(const UBreakIterator *, UErrorCode *);
void ubrk_close(UBreakIterator *);
int32_t ubrk_getBinaryRules(UBreakIterator *, uint8_t *, int32_t, UErrorCode *);
void ubrk_setText(UBreakIterator *, const UChar *, int32_t, UErrorCode *);
int32_t ubrk_next(UBreakIterator *);
int32_t ubrk_following(UBreakIterator *, int32_t);
int32_t ubrk_preceding(UBreakIterator *, int32_t);
UBool ubrk_isBoundary(UBreakIterator *, int32_t);
int32_t ubrk_getRuleStatus(UBreakIterator *);
"""

# unicode/ucurr.h
_CURRENCIES = """
UEnumeration *ucurr_openISOCurrencies(uint32_t type, UErrorCode *);
int32_t ucurr_getDefaultFractionDigits(const UChar *currency, UErrorCode *);
"""

# unicode/ures.h
_RESOURCES = """
typedef struct UResourceBundle UResourceBundle;

UResourceBundle *ures_open(const char *package, const char *locale, UErrorCode *);
UResourceBundle *ures_getByKeyWithFallback(const UResourceBundle *, const char *key, UResourceBundle *, UErrorCode *);
const UChar *ures_getStringByKeyWithFallback(const UResourceBundle *, const char *key, int32_t *length, UErrorCode *);
UResourceBundle *ures_openDirect(const char *package, const char *name, UErrorCode *);
UResourceBundle *ures_getByKey(const UResourceBundle *, const char *key, UResourceBundle *, UErrorCode *);
UResourceBundle *ures_getNextResource(UResourceBundle *, UResourceBundle *, UErrorCode *);
UBool ures_hasNext(const UResourceBundle *);
const char *ures_getKey(const UResourceBundle *);
const UChar *ures_getStringByKey(const UResourceBundle *, const char *key, int32_t *length, UErrorCode *);
void ures_close(UResourceBundle *);
"""

DECLARATIONS = (
    _COMMON
    + _FORMATTED
    + _NUMBERS
    + _PHRASES
    + _LOCALES
    + _NAMES
    + _CALENDARS
    + _DATES
    + _COLLATION
    + _SEGMENTS
    + _CURRENCIES
    + _RESOURCES
)
