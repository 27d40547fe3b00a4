/** Where a preparation works. */
export interface Preparation {
    /** The project's root. */
    readonly root: string;
    /** The build context, which gets what is prepared. */
    readonly directory: string;
    /** Kept between runs, for downloads and intermediate work. */
    readonly cache: string;
    readonly log: string;
    /** Debian release (code name) that the image is made of. */
    readonly suite: string;
}
