package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;

import dev.faithdiff.image.Damage;
import dev.faithdiff.image.Image;
import java.util.Locale;

/** What is done about a photo that is hardly damaged, since restoring harms such photos most: nothing, a warning, or less strength. */
public enum Guard {
    OFF, WARN, AUTO;

    /**
     * The options with which to restore a photo. They are the given ones, with a lower strength where {@link CommonOptions#GUARD} is AUTO and
     * the photo is hardly damaged.
     *
     * @param mayLower whether the strength can be lowered
     * @param listener gets the warning
     */
    public static Options guarded(Image photo, Options o, boolean mayLower, Listener listener) {
        Guard guard = o.get(GUARD);
        if (guard == OFF || o.get(STRENGTH) <= Damage.MILD_STRENGTH) return o;
        Damage damage = Damage.of(photo);
        if (!damage.isMild()) return o;
        boolean lowers = guard == AUTO && mayLower;
        listener.warn("this photo is hardly damaged (" + damage + "), so restoring may harm it; "
                + (lowers ? "strength is lowered to " + Damage.MILD_STRENGTH : "a lower strength or more fidelity keeps the result closer to it"));
        return lowers ? o.with(STRENGTH, Damage.MILD_STRENGTH) : o;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
