package dev.convoy.benchmarks.retrain;

import dev.convoy.testing.GrowingDigits;
import java.util.Optional;
import java.util.SplittableRandom;

/** What happens to the images, night by night: mostly a few more, at times what should not be. */
final class Calendar {
    /** What a night brings. */
    enum Event {
        MORE,
        NOTHING,
        /** Some images come a night after the others. */
        LATE,
        MISLABELLED,
        BRIGHTER,
        BLURRED,
        CLASS_GONE,
        CLASS_NEW,
        /** The job ends at some step, and is started again. */
        CRASH,
        /** Two jobs start at once. */
        DOUBLED
    }

    private static final int USUAL = 60;
    private static final int WRONG = 400;
    /** Nights until somebody takes wrong images away. */
    private static final int REPAIRED_AFTER = 2;

    private final GrowingDigits digits;
    private final SplittableRandom random;
    private Optional<Runnable> repair = Optional.empty();
    private int repairIn;
    private int late;

    Calendar(GrowingDigits digits, long seed) {
        this.digits = digits;
        this.random = new SplittableRandom(seed);
    }

    /** Changes the images for the next night. */
    Event next() {
        if (repair.isPresent()) {
            if (--repairIn > 0) {
                return Event.NOTHING;
            }
            repair.get().run();
            repair = Optional.empty();
        }
        if (late > 0) {
            digits.add(late);
            late = 0;
        }
        Event event = draw();
        switch (event) {
            case MORE, CRASH, DOUBLED -> digits.add(USUAL);
            case NOTHING -> {}
            case LATE -> {
                digits.add(USUAL / 2);
                late = USUAL / 2;
            }
            case MISLABELLED -> wrong(() -> digits.addMislabelled(WRONG));
            case BRIGHTER -> wrong(() -> digits.add(WRONG, GrowingDigits::brighter));
            case BLURRED -> wrong(() -> digits.add(WRONG, GrowingDigits::blurred));
            case CLASS_GONE -> wrong(() -> digits.drop(random.nextInt(10)));
            case CLASS_NEW -> wrong(() -> digits.addAs(USUAL, 10));
        }
        return event;
    }

    private Event draw() {
        int chance = random.nextInt(100);
        int[] upTo = {58, 68, 73, 83, 86, 89, 91, 93, 97, 100};
        int event = 0;
        while (chance >= upTo[event]) {
            event++;
        }
        return Event.values()[event];
    }

    private void wrong(Runnable change) {
        repair = Optional.of(digits.remember());
        repairIn = REPAIRED_AFTER;
        change.run();
    }
}
