package dev.convoy.train.allreduce;

/** What every rank tells all others with each vector, so that all of them decide alike. */
enum ControlSlot {
    /** Of the vector, as it is multiplied; 0 under quarantine. */
    WEIGHT,
    /** Examples behind the vector; the bits that a float holds exactly, and those above. */
    TRAINED,
    TRAINED_HIGH,
    REJECTED,
    REJECTED_HIGH,
    /** Examples lost to quarantine. */
    LEFT_OUT,
    LEFT_OUT_HIGH,
    LOSS_SUM,
    /** What of it a float leaves out. */
    LOSS_SUM_LOW,
    NORM,
    SECONDS,
    /** Of {@link #SECONDS}, those without a batch to train on. */
    DATA_SECONDS,
    /** 0 if the contribution counts, else 1 + the ordinal of the fault. */
    FAULT,
    /** Step within the round at which the fault was noticed. */
    FAULT_STEP,
    /** The number of local steps that rank 0 has chosen; 0 if it has not. */
    LOCAL_STEPS,
    /** Of rank 0: whether the segment ends with this round, since the driver wants an end, or cannot be handed the state. */
    ENDS,
    /** What the rank's model comes to, now and then; 0 in between. */
    MODEL_HASH;

    private static final int EXACT_BITS = 24;

    /** Puts a count into this slot and the next. */
    void put(float[] slots, long count) {
        slots[ordinal()] = count & (1 << EXACT_BITS) - 1;
        slots[ordinal() + 1] = count >>> EXACT_BITS;
    }

    /** The count in this slot and the next, both summed over ranks. */
    static long count(double low, double high) {
        return (long) low + ((long) high << EXACT_BITS);
    }
}
